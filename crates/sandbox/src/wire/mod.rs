//! What all services share on the wire: parameters, errors, XML, ids, faults and the log of calls.

pub(crate) mod block_call;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod log;
pub(crate) mod params;
pub(crate) mod pieces;
pub(crate) mod request;
pub(crate) mod signature;
pub(crate) mod xml;

//! Mappings in words: those that they are read from.

use std::fmt;

use super::{Ebs, Mapping, Target};
use crate::escape::escape;

impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = escape(&self.device);
        match &self.target {
            Target::NoDevice => write!(f, "{device}=none"),
            Target::Ephemeral(name) => write!(f, "{device}={}", escape(name)),
            Target::Ebs(ebs) => write!(f, "{device}={ebs}"),
        }
    }
}

impl fmt::Display for Ebs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn text(field: Option<&impl ToString>) -> String {
            field.map(ToString::to_string).unwrap_or_default()
        }
        let fields = [
            text(self.snapshot.as_ref()),
            text(self.size.as_ref()),
            text(self.delete_on_termination.as_ref()),
            text(self.volume_type.as_ref()),
            text(self.iops.as_ref()),
            match self.encrypted {
                Some(true) => "encrypted".to_owned(),
                _ => String::new(),
            },
        ];
        f.write_str(escape(&fields.join(":")).trim_end_matches(':'))?;
        if let Some(throughput) = self.throughput {
            write!(f, ":throughput={throughput}")?;
        }
        match &self.kms_key {
            Some(key) => write!(f, ":kms-key={}", escape(key)),
            None => Ok(()),
        }
    }
}

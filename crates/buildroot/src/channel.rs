//! One end of the socket between tool and helper: messages with descriptors beside them.
//!
//! A message is one packet or several, since a socket's buffer is smaller than what a command line may
//! be. The first byte of each says whether it is the last one; the descriptors are beside that.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketFlags, SocketType,
    recvmsg, sendmsg, shutdown, socketpair,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest message: twice of what the kernel gives a program for its arguments and environment with
/// the usual limit of its stack (execve(2)), because of what is escaped in JSON.
const LONGEST: usize = 4 << 20;

/// The longest part of it. A socket's buffer holds more than this by default
/// (`net.core.wmem_default`).
const PART: usize = 64 << 10;

/// The first bytes of packets.
const MORE: u8 = b'+';
const LAST: u8 = b'.';

/// The most descriptors that come with one packet: the kernel's limit (`SCM_MAX_FD`).
pub const MOST_DESCRIPTORS: usize = 253;

/// One end of a socket that keeps packets apart.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
}

/// What came in: a message and the descriptors beside it.
pub type Packet<T> = (T, Vec<OwnedFd>);

impl Channel {
    /// Two ends of a new socket.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self { socket: one }, Self { socket: other }))
    }

    /// Takes an end that came from elsewhere.
    pub fn from_socket(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// The socket itself, to be given to a process that is started.
    pub fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// Another handle on the same end.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            socket: self.socket.try_clone()?,
        })
    }

    /// Tells the other end that nothing more comes, even where a copy of this end is still open.
    pub fn close(&self) {
        // It fails only when the other end is gone already.
        let _ = shutdown(&self.socket, Shutdown::Both);
    }

    /// Sends a message and descriptors beside it.
    ///
    /// # Errors
    /// A message that is too long, and what the kernel says: `BrokenPipe` when nobody listens.
    pub fn send(&self, message: &impl Serialize, with: &[BorrowedFd<'_>]) -> io::Result<()> {
        let bytes = serde_json::to_vec(message)?;
        if bytes.len() > LONGEST {
            let problem = "command, environment and binds together are longer than 4 MiB";
            return Err(io::Error::new(io::ErrorKind::ArgumentListTooLong, problem));
        }
        let mut space = vec![MaybeUninit::uninit(); ancillary_space()];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !with.is_empty() && !control.push(SendAncillaryMessage::ScmRights(with)) {
            let problem = "more than 249 binds";
            return Err(io::Error::new(io::ErrorKind::ArgumentListTooLong, problem));
        }
        let mut rest = bytes.as_slice();
        while rest.len() > PART {
            let (part, after) = rest.split_at(PART);
            self.send_part(MORE, part, &mut SendAncillaryBuffer::new(&mut []))?;
            rest = after;
        }
        self.send_part(LAST, rest, &mut control)
    }

    fn send_part(
        &self,
        mark: u8,
        part: &[u8],
        control: &mut SendAncillaryBuffer<'_, '_, '_>,
    ) -> io::Result<()> {
        let sent = rustix::io::retry_on_intr(|| {
            let parts = [
                IoSlice::new(std::slice::from_ref(&mark)),
                IoSlice::new(part),
            ];
            sendmsg(&self.socket, &parts, control, SendFlags::NOSIGNAL)
        })?;
        debug_assert_eq!(sent, part.len() + 1, "packets are sent whole");
        Ok(())
    }

    /// Waits for a message. None when the other end is closed.
    ///
    /// # Errors
    /// What is not a message of that type, and what the kernel says.
    pub fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<Packet<T>>> {
        let wrong = |problem| Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        let mut bytes = Vec::new();
        loop {
            let Some((part, descriptors)) = self.receive_part()? else {
                return Ok(None);
            };
            match part.split_first() {
                Some((&MORE, part)) if bytes.len() <= LONGEST => bytes.extend_from_slice(part),
                Some((&LAST, part)) => {
                    bytes.extend_from_slice(part);
                    return Ok(Some((serde_json::from_slice(&bytes)?, descriptors)));
                }
                Some((&MORE, _)) => return wrong("a message is too long"),
                _ => return wrong("it is of another version"),
            }
        }
    }

    fn receive_part(&self) -> io::Result<Option<Packet<Vec<u8>>>> {
        let mut bytes = vec![0; PART + 1];
        let mut space = vec![MaybeUninit::uninit(); ancillary_space()];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            recvmsg(
                &self.socket,
                &mut parts,
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )
        });
        let received = match received {
            // The other end died with something of ours unread.
            Err(rustix::io::Errno::CONNRESET) => return Ok(None),
            received => received?,
        };
        let descriptors = control
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
                _ => None,
            })
            .flatten()
            .collect();
        if received.bytes == 0 {
            return Ok(None);
        }
        if received
            .flags
            .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
        {
            let problem = "a packet is too long, or came with too many descriptors";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        bytes.truncate(received.bytes);
        Ok(Some((bytes, descriptors)))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn ancillary_space() -> usize {
    rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    use super::Channel;

    #[test]
    fn a_message_comes_with_its_descriptors() {
        let (one, other) = Channel::pair().expect("a pair");
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        one.send(&"hello", &[writer.as_fd()]).expect("sent");
        drop(writer);
        let (word, mut descriptors) = other.receive::<String>().expect("read").expect("open");
        assert_eq!((word.as_str(), descriptors.len()), ("hello", 1));
        let mut file = File::from(descriptors.remove(0));
        file.write_all(b"through").expect("written");
        drop(file);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("read");
        assert_eq!(text, "through");
    }

    #[test]
    fn a_closed_end_is_the_end() {
        let (one, other) = Channel::pair().expect("a pair");
        let copy = one.try_clone().expect("a copy");
        one.close();
        assert!(other.receive::<String>().expect("read").is_none());
        drop(copy);
        assert!(other.send(&"nobody", &[]).is_err());
    }

    #[test]
    fn what_is_too_long_is_not_sent() {
        let (one, _other) = Channel::pair().expect("a pair");
        let error = one.send(&"x".repeat(5 << 20), &[]).expect_err("too long");
        assert_eq!(error.kind(), std::io::ErrorKind::ArgumentListTooLong);
    }

    #[test]
    fn what_is_longer_than_a_packet_comes_whole() {
        let (one, other) = Channel::pair().expect("a pair");
        for length in [super::PART - 2, super::PART - 1, 3 << 20] {
            let text = "y".repeat(length);
            let sent = text.clone();
            let (mine, file) = (one.try_clone(), File::open("/dev/null").expect("open"));
            let mine = mine.expect("a copy");
            let sending = std::thread::spawn(move || mine.send(&sent, &[file.as_fd()]));
            let (came, descriptors) = other.receive::<String>().expect("read").expect("open");
            sending.join().expect("a thread").expect("sent");
            assert!(came == text && descriptors.len() == 1, "{length}");
        }
    }
}

//! How many snapshots may be copied into a region at once.

/// Copies of snapshots that EC2 lets an account have in progress in a region (EBS User Guide,
/// "Copy an Amazon EBS snapshot").
const MOST: usize = 20;

/// What this run has in progress, and what it may have.
#[derive(Debug)]
pub(super) struct Room {
    taken: usize,
    most: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            taken: 0,
            most: MOST,
        }
    }
}

impl Room {
    /// Takes room for an image of so many snapshots, if there is some. An image of more than there
    /// ever is goes alone, and EC2 decides.
    pub(super) fn take(&mut self, snapshots: usize) -> bool {
        let fits = self.taken == 0 || self.taken + snapshots <= self.most;
        if fits {
            self.taken += snapshots;
        }
        fits
    }

    /// Takes room for a copy that is on its way already.
    pub(super) fn note(&mut self, snapshots: usize) {
        self.taken += snapshots;
    }

    /// Gives it back.
    pub(super) fn give(&mut self, snapshots: usize) {
        self.taken = self.taken.saturating_sub(snapshots);
    }

    /// Learns the limit from the words in which EC2 refuses a copy ("The limit is 20 for this
    /// destination region"): an account's may be another one.
    pub(super) fn learn(&mut self, refusal: &str) {
        let words = refusal.split("limit is ").nth(1).unwrap_or_default();
        let digits = words.split(|letter: char| !letter.is_ascii_digit()).next();
        if let Some(most) = digits.and_then(|digits| digits.parse().ok()) {
            self.most = most;
        }
    }

    /// Is there ever room for so many?
    pub(super) fn can_hold(&self, snapshots: usize) -> bool {
        snapshots <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn no_more_than_twenty_snapshots_are_copied_at_once() {
        let mut room = Room::default();
        assert!((0..6).all(|_| room.take(3)) && room.take(2));
        assert!(!room.take(1));
        room.give(3);
        assert!(room.take(3) && !room.take(1));
    }

    #[test]
    fn an_image_of_more_snapshots_goes_alone() {
        let mut room = Room::default();
        assert!(room.take(25) && !room.take(1));
        room.give(25);
        assert!(room.take(1) && !room.take(25));
    }

    #[test]
    fn the_limit_of_an_account_is_learned_from_ec2() {
        let mut room = Room::default();
        room.learn("Too many snapshot copies in progress.");
        assert!(room.can_hold(20) && !room.can_hold(21));
        room.learn("Too many. The limit is 5 for this destination region.");
        assert!(room.can_hold(5) && !room.can_hold(6));
        assert!(room.take(5) && !room.take(1));
        room.learn("Too many. The limit is 100 for this destination region.");
        assert!(room.take(95) && !room.take(1));
    }

    #[test]
    fn copies_of_an_earlier_run_take_room_too() {
        let mut room = Room::default();
        room.note(15);
        room.note(15);
        assert!(!room.take(1));
        room.give(15);
        assert!(room.take(5) && !room.take(1));
    }
}

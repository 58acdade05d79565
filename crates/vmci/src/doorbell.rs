//! Doorbells: notifications without content. Rings that nobody has heard yet are one ring.

/// A doorbell.
#[derive(Clone, Debug, Default)]
pub struct Doorbell {
    waiting: bool,
    rings: u64,
}

impl Doorbell {
    /// Rings. Whether the listener has to be told: not if it has yet to hear an earlier ring.
    pub fn ring(&mut self) -> bool {
        self.rings += 1;
        !std::mem::replace(&mut self.waiting, true)
    }

    /// The listener hears it. Whether it rang since the last time.
    pub fn hear(&mut self) -> bool {
        std::mem::take(&mut self.waiting)
    }

    /// How often it rang.
    pub fn rings(&self) -> u64 {
        self.rings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_that_nobody_heard_are_one() {
        let mut bell = Doorbell::default();
        assert!(!bell.hear());
        assert_eq!([bell.ring(), bell.ring(), bell.ring()], [true, false, false]);
        assert_eq!((bell.hear(), bell.hear(), bell.rings()), (true, false, 3));
        assert!(bell.ring());
    }
}

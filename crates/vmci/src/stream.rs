//! One stream, without I/O: what may be done next in each direction, and what has been done.
//!
//! A stream has two [`Flow`]s. Each takes bytes from its source only while its buffer has room, so a slow reader holds
//! back its writer (back-pressure); the end of input is passed on once everything before it was (half-close); a reset
//! ends both at once and says how many bytes it cost. Whoever does the I/O asks [`Flow::next`] and reports what it did.

use crate::refusal::Refusal;

/// What a flow wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take up to this many bytes from the source.
    Read(usize),
    /// Give this many buffered bytes to the sink.
    Write(usize),
    /// Take up to this many bytes from the source and forget them: the sink is gone, the other direction is not.
    Discard(usize),
    /// Tell the sink that nothing more comes.
    Shutdown,
    /// Nothing: everything, and its end, was passed on.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The source has ended; what is buffered still has to go.
    Draining,
    /// The sink has ended before the source.
    Discarding,
    Shut,
}

/// One direction of a stream.
#[derive(Clone, Debug)]
pub struct Flow {
    phase: Phase,
    capacity: usize,
    buffered: usize,
    taken: u64,
    given: u64,
}

impl Flow {
    /// A flow that holds at most `capacity` bytes that its sink has not taken.
    pub fn new(capacity: usize) -> Flow {
        Flow { phase: Phase::Open, capacity: capacity.max(1), buffered: 0, taken: 0, given: 0 }
    }

    /// What to do now. What is buffered goes before more is taken.
    pub fn next(&self) -> Step {
        match self.phase {
            Phase::Shut => Step::Done,
            Phase::Discarding => Step::Discard(self.capacity),
            _ if self.buffered > 0 => Step::Write(self.buffered),
            Phase::Open => Step::Read(self.capacity),
            Phase::Draining => Step::Shutdown,
        }
    }

    /// The source gave `count` bytes; 0 is its end.
    pub fn took(&mut self, count: usize) {
        self.taken += count as u64;
        match (&self.phase, count) {
            (Phase::Open, 0) => self.phase = Phase::Draining,
            (Phase::Open, _) => self.buffered += count,
            (_, 0) => self.phase = Phase::Shut,
            _ => {}
        }
    }

    /// The sink took `count` bytes.
    pub fn gave(&mut self, count: usize) {
        debug_assert!(count <= self.buffered, "gave what was not there");
        self.buffered -= count;
        self.given += count as u64;
    }

    /// The sink was told of the end.
    pub fn shut(&mut self) {
        debug_assert!(self.next() == Step::Shutdown, "shut too early");
        self.phase = Phase::Shut;
    }

    /// The sink wants nothing more: what is buffered is lost, and so is what the source still gives.
    pub fn abandon(&mut self) {
        let ended = matches!(self.phase, Phase::Draining | Phase::Shut);
        self.phase = if ended { Phase::Shut } else { Phase::Discarding };
        self.buffered = 0;
    }

    /// Bytes taken from the source.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Bytes that the sink took.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Bytes taken and, as it stands, not given.
    pub fn in_between(&self) -> u64 {
        self.taken - self.given
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Shut | Phase::Discarding)
    }
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked for; nothing flows.
    Connecting,
    /// Bytes flow, in at least one direction.
    Established,
    /// Both directions ended by themselves.
    Closed,
    /// Refused, or reset while it was open.
    Broken(Refusal),
}

/// A stream: its life and its two directions.
#[derive(Clone, Debug)]
pub struct Stream {
    state: State,
    /// From the side that connected.
    pub out: Flow,
    /// To the side that connected.
    pub back: Flow,
}

impl Stream {
    /// A stream that was asked for, with room for `capacity` bytes in each direction.
    pub fn connecting(capacity: usize) -> Stream {
        Stream { state: State::Connecting, out: Flow::new(capacity), back: Flow::new(capacity) }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        match self.state {
            State::Established if self.out.is_over() && self.back.is_over() => State::Closed,
            state => state,
        }
    }

    /// The other side accepted. Only a stream that is connecting can be accepted.
    pub fn accept(&mut self) {
        if self.state == State::Connecting {
            self.state = State::Established;
        }
    }

    /// Refuses a stream that is connecting, or resets one that is open. A stream that is over stays as it ended.
    pub fn reset(&mut self, why: Refusal) {
        if matches!(self.state(), State::Connecting | State::Established) {
            self.out.phase = Phase::Shut;
            self.back.phase = Phase::Shut;
            self.state = State::Broken(why);
        }
    }

    /// Bytes that were taken from one side and never reached the other.
    pub fn lost(&self) -> u64 {
        match self.state() {
            State::Connecting | State::Established => 0,
            State::Closed | State::Broken(_) => self.out.in_between() + self.back.in_between(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(capacity: usize) -> Stream {
        let mut stream = Stream::connecting(capacity);
        stream.accept();
        stream
    }

    #[test]
    fn what_is_buffered_goes_before_more_is_taken() {
        let mut flow = Flow::new(10);
        assert_eq!(flow.next(), Step::Read(10));
        flow.took(10);
        assert_eq!(flow.next(), Step::Write(10));
        flow.gave(4);
        assert_eq!(flow.next(), Step::Write(6));
        flow.gave(6);
        assert_eq!(flow.next(), Step::Read(10));
    }

    #[test]
    fn the_end_of_input_is_passed_on_after_the_last_byte() {
        let mut flow = Flow::new(10);
        flow.took(3);
        flow.gave(3);
        flow.took(0);
        assert_eq!(flow.next(), Step::Shutdown);
        flow.shut();
        assert_eq!(flow.next(), Step::Done);
    }

    #[test]
    fn one_direction_goes_on_after_the_other_has_ended() {
        let mut stream = open(10);
        stream.out.took(0);
        stream.out.shut();
        assert_eq!(stream.state(), State::Established);
        stream.back.took(5);
        stream.back.gave(5);
        stream.back.took(0);
        stream.back.shut();
        assert_eq!((stream.state(), stream.lost()), (State::Closed, 0));
    }

    #[test]
    fn a_reset_ends_both_directions_and_counts_what_it_cost() {
        let mut stream = open(10);
        stream.out.took(7);
        stream.out.gave(2);
        stream.reset(Refusal::Gone);
        assert_eq!((stream.out.next(), stream.back.next()), (Step::Done, Step::Done));
        assert_eq!((stream.state(), stream.lost()), (State::Broken(Refusal::Gone), 5));
    }

    #[test]
    fn what_a_sink_no_longer_wants_is_lost_while_the_other_direction_goes_on() {
        let mut stream = open(10);
        stream.out.took(8);
        stream.out.gave(3);
        stream.out.abandon();
        assert_eq!(stream.out.next(), Step::Discard(10));
        stream.out.took(4);
        assert_eq!((stream.state(), stream.back.next()), (State::Established, Step::Read(10)));
        stream.back.took(0);
        stream.back.shut();
        assert_eq!((stream.state(), stream.lost()), (State::Closed, 9));
    }

    #[test]
    fn a_stream_that_was_refused_cannot_be_accepted_and_one_that_is_over_cannot_be_reset() {
        let mut refused = Stream::connecting(10);
        refused.reset(Refusal::NoListener);
        refused.accept();
        assert_eq!(refused.state(), State::Broken(Refusal::NoListener));
        refused.reset(Refusal::Gone);
        assert_eq!(refused.state(), State::Broken(Refusal::NoListener));
    }

    proptest! {
        /// Whatever order I/O happens in: given never passes taken, and what is neither given nor lost is buffered.
        #[test]
        fn every_byte_is_given_buffered_or_lost(moves in prop::collection::vec((any::<bool>(), 0..40usize), 0..80), end in any::<bool>()) {
            let mut stream = open(32);
            for (forward, amount) in moves {
                let flow = if forward { &mut stream.out } else { &mut stream.back };
                match flow.next() {
                    Step::Read(room) | Step::Discard(room) => flow.took(amount.min(room)),
                    Step::Write(count) => flow.gave(amount.min(count)),
                    Step::Shutdown => flow.shut(),
                    Step::Done => {}
                }
                prop_assert!(flow.given() <= flow.taken() && flow.in_between() <= 32);
            }
            let open = stream.out.in_between() + stream.back.in_between();
            if end {
                stream.reset(Refusal::Gone);
                prop_assert_eq!(stream.lost(), open);
            }
        }
    }
}

import Bytes
import RecordRing
import Time

/// Finds where in the ring records of a range of time may lie, by looking at a few of them.
///
/// The times in a ring are not in order. A clock is set and they step; a board without a battery
/// for its clock begins each boot in the past; a replay runs ahead of the machine. So a plain
/// binary search would turn the wrong way and leave records out. What is in order is the
/// monotonic time within one session, and the wall clock differs from it by a constant until it
/// is set. So:
///
/// ```
///  first ───────────── middle ───────────── end
///    A                    ?                  B      A and B of one session, with the same
///                                                   difference of their clocks: what lies
///                                                   between has a time between theirs
/// ```
///
/// A stretch whose ends agree in this way is passed over or read as a whole when its times say so;
/// any other is halved, and below a chunk it is read. A ring with S starts and steps of the clock
/// is searched with about (S + 2) × log2(slots) looks of one page each; a ring in which nothing
/// agrees is read as a whole. What is read is judged record by record, so more may be read than
/// is wanted, and nothing else is ever answered.
///
/// One thing it does not see: a clock that is set wrong and set back between two looks of one
/// session. Records of that while are found by the times around them, not by their own.
struct TimeRangeSearch: ~Copyable {
    /// What a record says of its place in time.
    struct Sample: BitwiseCopyable, Equatable {
        let session: UInt32
        let bootHigh: UInt64
        let bootLow: UInt64
        let monotonicMicroseconds: Int64
        /// As it is known now.
        let wallMicroseconds: Int64

        /// Thirty thousand years either way: sums of these fit, whatever a record says.
        private static let reach: Int64 = 1 << 60

        init(_ record: Record) {
            session = record.session
            bootHigh = record.boot.high
            bootLow = record.boot.low
            monotonicMicroseconds = record.time.monotonicNanoseconds / 1_000
            wallMicroseconds = max(
                -Self.reach, min(Self.reach, record.time.wallMicroseconds))
        }

        /// Whether the times between the two lie between theirs, give or take `margin`.
        func agrees(with later: Sample) -> Bool {
            guard session == later.session, bootHigh == later.bootHigh, bootLow == later.bootLow
            else { return false }
            let passed = later.monotonicMicroseconds - monotonicMicroseconds
            let wallPassed = later.wallMicroseconds - wallMicroseconds
            return passed >= -margin && abs(wallPassed - passed) <= margin
        }
    }

    /// Sequences that nothing is decided of yet.
    struct Stretch: BitwiseCopyable {
        var first: UInt64
        var end: UInt64
        /// Of the first record of it or one before it; nil: none there can be read.
        var low: Sample?
        /// Of the last record of it or the first one behind it.
        var high: Sample?
    }

    enum Step: Equatable {
        /// Look at these, a page at most, and call `take`.
        case look(Range<UInt64>)
        /// Records in the range may lie among these.
        case read(Range<UInt64>)
        /// No record in the range lies among these.
        case pass(Range<UInt64>)
        case finished
    }

    private enum Phase {
        case first, last, walk
        case middle(UInt64)
    }

    /// Records in a page, the unit of a look.
    static let lookRecords = UInt64(RingGeometry.pageBytes / Record.slotBytes)
    /// The wall clock may be off by this within a stretch: a record whose clock was nearly right is
    /// left as it was (`ClockNotes.stampToleranceMicroseconds`), and alarms are stamped by what
    /// has passed since the last measurement.
    private static let margin: Int64 = 5_000_000

    private var from: Int64 = 0
    private var to: Int64 = 0
    private var phase = Phase.walk
    /// The leftmost is the last. Each split leaves one more than before: as many as a sequence has
    /// bits.
    private var stretches = FixedArray<Stretch>(capacity: 65)

    init() {}

    /// Begins a search among the records from `first` up to before `end`.
    mutating func begin(first: UInt64, end: UInt64, from: Int64, to: Int64) {
        self.from = from
        self.to = to
        stretches.removeAll()
        phase = .first
        guard first < end else { return }
        stretches.append(Stretch(first: first, end: end))
    }

    /// What to do next; records below `oldest` are gone. After a look, `take` comes first.
    mutating func next(oldest: UInt64) -> Step {
        guard !stretches.isEmpty else { return .finished }
        let top = stretches[stretches.count - 1]
        let isAll = from == .min && to == .max
        let begin = min(max(top.first, oldest), top.end)
        if isAll || top.end - begin <= UInt64(QueryRun.chunkRecords) {
            if let isIn = judge(top), !isIn { return remove(.pass(top.first..<top.end)) }
            return remove(.read(top.first..<top.end))
        }
        switch phase {
        case .first: return .look(begin..<min(begin + Self.lookRecords, top.end))
        case .last: return .look(max(begin, top.end - Self.lookRecords)..<top.end)
        case .middle(let middle):
            // It may be gone since it was chosen.
            if middle >= begin, middle < top.end {
                return .look(middle..<min(middle + Self.lookRecords, top.end))
            }
        case .walk: break
        }
        if let isIn = judge(top) {
            let whole = top.first..<top.end
            return remove(isIn ? .read(whole) : .pass(whole))
        }
        // On a page of the file where the ring has whole ones.
        let half = begin + (top.end - begin) / 2
        let middle = max(begin + 1, half / Self.lookRecords * Self.lookRecords)
        phase = .middle(middle)
        return .look(middle..<min(middle + Self.lookRecords, top.end))
    }

    /// What the look has shown: its first record that can be read, and its last.
    mutating func take(first: Sample?, last: Sample?) {
        let top = stretches.count - 1
        switch phase {
        case .walk: preconditionFailure("a look is taken that was asked for")
        case .first:
            stretches[top].low = first
            phase = .last
        case .last:
            stretches[top].high = last
            phase = .walk
        case .middle(let middle):
            var left = stretches[top]
            left.end = middle
            left.high = first
            stretches[top].first = middle
            stretches[top].low = first
            stretches.append(left)
            phase = .walk
        }
    }

    private mutating func remove(_ step: Step) -> Step {
        stretches.truncate(to: stretches.count - 1)
        phase = .walk
        return step
    }

    /// Whether all records of the stretch may be in the range, or none is; nil: halve it.
    private func judge(_ stretch: Stretch) -> Bool? {
        guard let low = stretch.low, let high = stretch.high, low.agrees(with: high) else {
            return nil
        }
        let earliest = min(low.wallMicroseconds, high.wallMicroseconds) - Self.margin
        let latest = max(low.wallMicroseconds, high.wallMicroseconds) + Self.margin
        if latest < from || earliest >= to { return false }
        return earliest >= from && latest < to ? true : nil
    }
}

public import Bytes
public import RecordRing

/// One query, from the first look at the ring to the last line. It touches no file itself: it asks
/// for slots, is given them, and writes lines into a buffer; so memory stays the same however long
/// the answer is, and whoever reads for it may do so in small portions between other work.
///
/// Records come in the order in which they were recorded, which is that of their times but where
/// the clock was set. What was recorded after the query began is not in its answer.
public struct QueryRun: ~Copyable {
    /// Slots that are wanted next.
    public struct Read: Equatable, Sendable {
        /// The sequence of the first of them.
        public let first: UInt64
        public let count: Int
    }

    private enum Phase {
        case search
        case look
        case scan(Range<UInt64>)
        case done
    }

    /// Slots in one read at most: 32 KiB, of which a card gives a hundred a second while it does
    /// little else. A write of the ring waits for one of them at most.
    public static let chunkRecords = 256
    /// Bytes of the buffer that lines are written into: those of one chunk usually fit.
    public static let bufferBytes = 80 << 10

    private var lines = QueryLines()
    private var search = TimeRangeSearch()
    private var phase = Phase.done
    private var geometry = RingGeometry(slotCount: 1)
    private var notes = ClockNotes()

    public init() {}

    /// Begins a query of the ring as it stands; `device` is the gateway's name in its records. The
    /// header of the answer, if it has one, goes into `out`.
    public mutating func begin(
        _ query: RecordQuery, cursor: RingCursor, notes: ClockNotes, device: [UInt8],
        into out: inout FixedBuffer
    ) {
        precondition(out.capacity >= Self.bufferBytes, "a buffer holds every open bucket")
        geometry = RingGeometry(slotCount: cursor.slotCount)
        self.notes = notes
        lines.begin(query, device: device, into: &out)
        search.begin(first: cursor.oldest, end: cursor.head, from: query.from, to: query.to)
        phase = .search
    }

    /// What to read next; nil when everything has been read. Records below `oldest` are gone by
    /// now.
    public mutating func nextRead(oldest: UInt64) -> Read? {
        while true {
            switch phase {
            case .done: return nil
            case .look: preconditionFailure("a look is taken before the next read")
            case .scan(let left):
                let first = min(max(left.lowerBound, oldest), left.upperBound)
                lines.miss(.overwritten, left.lowerBound..<first)
                guard first < left.upperBound else {
                    phase = .search
                    continue
                }
                phase = .scan(first..<left.upperBound)
                let count = min(UInt64(Self.chunkRecords), left.upperBound - first)
                return Read(first: first, count: Int(count))
            case .search:
                switch search.next(oldest: oldest) {
                case .finished: phase = .done
                case .pass: lines.pass()
                case .read(let sequences): phase = .scan(sequences)
                case .look(let sequences):
                    phase = .look
                    return Read(first: sequences.lowerBound, count: sequences.count)
                }
            }
        }
    }

    /// Takes what was read: the slots from the sequence `first` on, as many as there are, at least
    /// one. Lines go into `out` as far as it has room for them; the rest is asked for again.
    public mutating func take(
        _ slots: Span<UInt8>, from first: UInt64, into out: inout FixedBuffer
    ) {
        let count = slots.count / Record.slotBytes
        precondition(count > 0 && slots.count % Record.slotBytes == 0, "slots are taken whole")
        switch phase {
        case .look:
            takeLook(slots, from: first, count: count)
            phase = .search
        case .scan(let left):
            precondition(
                first == left.lowerBound && UInt64(count) <= left.upperBound - first,
                "what was asked for is taken")
            let next = takeRecords(slots, from: first, count: count, into: &out)
            phase = lines.isFull ? .done : .scan(next..<left.upperBound)
        case .search, .done: preconditionFailure("only what was asked for is taken")
        }
        precondition(!out.overflowed, "a step leaves room for the next")
    }

    /// The card does not give these slots: they are missing from the answer.
    public mutating func takeUnreadable(from first: UInt64, count: Int) {
        switch phase {
        case .look:
            search.take(first: nil, last: nil)
            phase = .search
        case .scan(let left):
            let end = min(left.upperBound, first + UInt64(count))
            lines.miss(.unreadable, first..<end)
            phase = .scan(end..<left.upperBound)
        case .search, .done: preconditionFailure("only what was asked for is taken")
        }
    }

    /// The lines that are left when there is nothing to read any more.
    public mutating func finish(into out: inout FixedBuffer) {
        phase = .done
        if !lines.isFull { lines.finish(into: &out) }
        precondition(!out.overflowed, "the last lines go into an empty buffer")
    }

    private mutating func takeLook(_ slots: Span<UInt8>, from first: UInt64, count: Int) {
        var one: TimeRangeSearch.Sample?
        var other: TimeRangeSearch.Sample?
        for index in 0..<count {
            guard case .record(let record) = content(of: slots, index, first),
                record.sequence == first + UInt64(index)
            else { continue }
            other = TimeRangeSearch.Sample(notes.stamped(record))
            if one == nil { one = other }
        }
        search.take(first: one, last: other)
    }

    /// Answers the first sequence that was not taken for want of room.
    private mutating func takeRecords(
        _ slots: Span<UInt8>, from first: UInt64, count: Int, into out: inout FixedBuffer
    ) -> UInt64 {
        for index in 0..<count {
            let sequence = first + UInt64(index)
            guard out.room >= lines.stepBytes else { return sequence }
            switch content(of: slots, index, first) {
            case .empty: break
            case .record(let record) where record.sequence == sequence:
                lines.take(notes.stamped(record), into: &out)
                if lines.isFull { return sequence + 1 }
            case .record(let record) where record.sequence > sequence:
                lines.miss(.overwritten, sequence..<sequence + 1)
            // An earlier lap: the record never reached the card.
            case .record: break
            case .unreadable(.unknown): lines.miss(.unknown, sequence..<sequence + 1)
            case .unreadable: lines.miss(.unreadable, sequence..<sequence + 1)
            }
        }
        return first + UInt64(count)
    }

    private func content(
        of slots: Span<UInt8>, _ index: Int, _ first: UInt64
    ) -> SlotContent {
        let place = index * Record.slotBytes
        return SlotContent(
            of: slots.extracting(place..<place + Record.slotBytes),
            slot: (first + UInt64(index)) % geometry.slotCount, geometry: geometry)
    }
}

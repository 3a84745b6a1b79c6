public import Bytes
public import RecordRing
internal import Time

/// One write or read of the ring file, made once and used again and again.
public final class RingJob: DiskJob, @unchecked Sendable {
    // @unchecked: between `submit` and `nextFinished` the worker alone touches the job.
    private enum Work {
        case none
        case write(first: UInt64, sync: Bool, generation: UInt64)
        case read(first: UInt64, count: Int)
    }

    private let file: RingFile
    private var work = Work.none
    private var slots: FixedBuffer
    private var head = FixedBuffer(capacity: RingHead.byteCount)
    private var old = FixedBuffer(capacity: Record.slotBytes)
    /// The first and the last of the records that the last write went over, where both could be
    /// read.
    public private(set) var replaced: (first: Record, last: Record)?
    /// What the last write found wrong with the file. One that was cut was not written to: what
    /// it needs is more than this write.
    public private(set) var mend: RingMend?
    /// Where zeros are missing from a file that was cut.
    private var unlaid: UInt64?
    /// What went wrong; nil when nothing did.
    public private(set) var failure: SystemError?
    /// What the card was asked to do in the ring's life; it goes into each head record.
    public private(set) var wear: WearStatistics
    /// How long the fdatasync of the last job took; nil when it had none.
    public private(set) var syncNanoseconds: Int64?

    /// `records` is the largest job; `wear` goes on from the head record that was found.
    public init(file: RingFile, records: Int, wear: WearStatistics = WearStatistics()) {
        self.file = file
        self.wear = wear
        slots = FixedBuffer(capacity: records * Record.slotBytes)
        head.resize(to: RingHead.byteCount)
    }

    /// Whether the job was a read: its slots are in `withSlots`.
    public var isRead: Bool { if case .read = work { true } else { false } }

    /// Makes the job a write of the slots that `fill` appends, which begin with the sequence
    /// `first`, and of the head record.
    public func prepareWrite(
        first: UInt64, head record: RingHead, sync: Bool, fill: (inout FixedBuffer) -> Void
    ) {
        slots.removeAll()
        fill(&slots)
        precondition(
            !slots.overflowed && slots.count % Record.slotBytes == 0,
            "a write is whole slots, and they fit in the job")
        precondition(
            UInt64(slots.count / Record.slotBytes) <= file.geometry.slotCount,
            "a write is no longer than the ring")
        var worn = record
        worn.wear = wear
        var page = head.mutableBytes(in: 0..<RingHead.byteCount)
        worn.encode(into: &page)
        work = .write(first: first, sync: sync, generation: record.generation)
    }

    /// Makes the job a read of `count` slots from the sequence `first`.
    public func prepareRead(first: UInt64, count: Int) {
        precondition(
            count >= 0 && count <= slots.capacity / Record.slotBytes
                && UInt64(count) <= file.geometry.slotCount,
            "a read fits in the job and in the ring")
        work = .read(first: first, count: count)
    }

    /// Lends the slots that were read.
    public func withSlots(_ body: (Span<UInt8>) -> Void) {
        slots.withBytes(body)
    }

    public func perform() {
        syncNanoseconds = nil
        replaced = nil
        mend = nil
        do throws(SystemError) {
            switch work {
            case .none: preconditionFailure("a job is prepared before it is submitted")
            case .write(let first, let sync, let generation):
                try perform(first: first, sync: sync, generation: generation)
            case .read(let first, let count):
                slots.removeAll()
                try read(first: first, count: count)
            }
            failure = nil
        } catch {
            failure = error
        }
    }

    /// A file that is not at its path and cannot be put there is written all the same, and the
    /// write fails: nobody would find it after a restart, but what leaves memory can still be
    /// read from it, and a copy that succeeds later has it.
    private func perform(first: UInt64, sync: Bool, generation: UInt64) throws(SystemError) {
        mend = try file.mendLength(&unlaid)
        if case .cut = mend { return }
        var fault: SystemError?
        do throws(SystemError) {
            if let back = try file.mendPath() { mend = back }
        } catch {
            fault = error
        }
        readReplaced(first: first)
        try write(first: first, generation: generation)
        if let fault { throw fault }
        if sync { try synchronize() }
    }

    /// Looks at the first and the last record that the write will go over: if a sink was owed
    /// them, their times are what its gap record says.
    private func readReplaced(first: UInt64) {
        let count = UInt64(slots.count / Record.slotBytes)
        guard count > 0, first >= file.geometry.slotCount,
            let oldest = record(at: first), let youngest = record(at: first + count - 1)
        else { return }
        replaced = (oldest, youngest)
    }

    /// The record that lies in the slot of `sequence` now; nil when none can be read.
    private func record(at sequence: UInt64) -> Record? {
        let slot = sequence % file.geometry.slotCount
        old.removeAll()
        do throws(SystemError) {
            try file.descriptor.read(
                Record.slotBytes, at: file.geometry.offset(ofSlot: slot), into: &old,
                subject: file.path)
        } catch {
            return nil
        }
        return old.withBytes { bytes in
            do throws(RecordError) {
                return try Record(decoding: bytes)
            } catch {
                return nil
            }
        }
    }

    private func write(first: UInt64, generation: UInt64) throws(SystemError) {
        let plan = RingWritePlan(
            geometry: file.geometry, first: first, count: slots.count / Record.slotBytes,
            generation: generation)
        for index in 0..<plan.count {
            let write = plan[index]
            switch write.source {
            case .slots: try self.write(slots, write)
            case .head: try self.write(head, write)
            }
        }
        wear.bytesWritten += UInt64(slots.count + head.count)
    }

    private func write(
        _ source: borrowing FixedBuffer, _ write: RingWritePlan.Write
    ) throws(SystemError) {
        try source.withBytes { (bytes) throws(SystemError) in
            try file.descriptor.write(
                bytes.extracting(write.bytes), at: write.offset, subject: file.path)
        }
    }

    private func synchronize() throws(SystemError) {
        let begun = Clock.now().monotonicNanoseconds
        try file.descriptor.synchronize(file.path)
        let took = Clock.now().monotonicNanoseconds - begun
        syncNanoseconds = took
        wear.noteSync(nanoseconds: took)
    }

    private func read(first: UInt64, count: Int) throws(SystemError) {
        let pieces = RingPieces(geometry: file.geometry, first: first, count: count)
        for index in 0..<pieces.count {
            try file.descriptor.read(
                pieces[index].bytes.count, at: pieces[index].offset, into: &slots,
                subject: file.path)
        }
    }
}

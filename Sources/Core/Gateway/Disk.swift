public import Bytes
import Diagnostics
public import RecordRing
import Uplink

/// When the ring file is written and read. One job runs at a time.
struct DiskState {
    enum Job: Equatable {
        case none
        /// Records below `end` are being written.
        case writing(end: UInt64, sync: Bool)
        case reading(first: UInt64, count: Int)
    }

    var job = Job.none
    /// Generation of the last head record handed out.
    var generation: UInt64
    /// A tail has moved since the last head record.
    var tailsMoved = false
    /// The oldest unsynced record has to be synced by this time.
    private var syncDue: Int64?
    /// Tails in the file have to be synced by this time.
    private var tailSyncDue: Int64?
    /// After a failure, nothing is tried before this time.
    private var retryAt: Int64?
    private(set) var isFailing = false
    var readFailures = 0
    private var isDraining = false

    init(generation: UInt64) {
        self.generation = generation
    }

    var isClean: Bool { job == .none && !tailsMoved && tailSyncDue == nil }

    mutating func recordArrived(now: Int64, interval: Int64) {
        if syncDue == nil { syncDue = now + interval }
    }

    mutating func tailMoved(now: Int64) {
        tailsMoved = true
        if tailSyncDue == nil {
            tailSyncDue = isDraining ? now : now + Limits.tailSyncNanoseconds
        }
    }

    /// From now on nothing waits for company.
    mutating func drain() {
        isDraining = true
        if syncDue != nil { syncDue = 0 }
        if tailSyncDue != nil { tailSyncDue = 0 }
    }

    func isRetryPending(now: Int64) -> Bool { retryAt.map { now < $0 } ?? false }

    func isSyncDue(now: Int64) -> Bool {
        (syncDue.map { now >= $0 } ?? false) || (tailSyncDue.map { now >= $0 } ?? false)
    }

    /// A write with sync has begun: what arrives from now on waits for the next one.
    mutating func syncBegun() {
        syncDue = nil
        tailSyncDue = nil
    }

    /// Records were left over by a write that is full, or by one that failed.
    mutating func syncAgain(at time: Int64) {
        syncDue = min(syncDue ?? time, time)
    }

    mutating func failed(now: Int64) {
        job = .none
        isFailing = true
        retryAt = now + Limits.diskRetryNanoseconds
    }

    /// Answers whether this ended a failure.
    mutating func succeeded() -> Bool {
        job = .none
        retryAt = nil
        defer { isFailing = false }
        return isFailing
    }

    func deadline(hasUnsynced: Bool) -> Int64? {
        guard job == .none else { return nil }
        var due = hasUnsynced ? syncDue : nil
        if let tails = tailSyncDue { due = min(due ?? tails, tails) }
        if let retryAt { return max(due ?? retryAt, retryAt) }
        return due
    }
}

extension Gateway {
    mutating func nextDiskAction(now: Int64) -> Action? {
        guard disk.job == .none, !disk.isRetryPending(now: now) else { return nil }
        let isFilling = cursor.unsyncedCount >= UInt64(Limits.writeRecords)
        if disk.isSyncDue(now: now) || isFilling {
            let count = min(cursor.unsyncedCount, UInt64(Limits.writeRecords))
            disk.syncBegun()
            return write(count: Int(count), sync: true, now: now)
        }
        if disk.tailsMoved { return write(count: 0, sync: false, now: now) }
        return nextRead()
    }

    private mutating func write(count: Int, sync: Bool, now: Int64) -> Action {
        let first = cursor.synced
        let end = first + UInt64(count)
        if sync && end < cursor.head { disk.syncAgain(at: now) }
        disk.job = .writing(end: end, sync: sync)
        disk.tailsMoved = false
        disk.generation += 1
        return .writeRing(first: first, count: count, sync: sync)
    }

    private mutating func nextRead() -> Action? {
        for sink in sinks where sink.wantsRead {
            guard let first = sink.queue.candidate(0, head: cursor.head) else {
                sink.wantsRead = false
                continue
            }
            let end = min(first + UInt64(Limits.readRecords), cursor.synced)
            guard first < end else {
                // It has neither reached the card nor stayed in memory.
                sink.wantsRead = false
                continue
            }
            disk.job = .reading(first: first, count: Int(end - first))
            return .readRing(first: first, count: Int(end - first))
        }
        return nil
    }

    /// Copies the slots of a `writeRing` action into an edge's buffer.
    public func copySlots(first: UInt64, count: Int, into buffer: inout FixedBuffer) {
        for sequence in first..<first + UInt64(count) { buffer.append(window.slot(of: sequence)) }
        precondition(!buffer.overflowed, "an edge's buffer holds the records of one job")
    }

    /// The head record of the current `writeRing` action.
    public func headRecord() -> RingHead {
        var record = RingHead(generation: disk.generation, head: cursor.head)
        for sink in sinks {
            record.append(SinkTail(sink: sink.settings.name, tail: sink.queue.tail))
        }
        return record
    }

    /// The write has been carried out, with its fdatasync if one was asked for.
    public mutating func ringWritten(now: Int64) {
        guard case .writing(let end, let sync) = disk.job else {
            preconditionFailure("a write ends that has begun")
        }
        counters.ringWrites += 1
        if sync {
            counters.ringSyncs += 1
            cursor.markSynced(upTo: end)
            markSafe(upTo: end, now: now)
        }
        if disk.succeeded() { report(.ringRecovered) }
    }

    /// The slots of a `readRing` action.
    public mutating func ringRead(_ slots: Span<UInt8>) {
        guard case .reading(let first, let count) = disk.job else {
            preconditionFailure("a read ends that has begun")
        }
        precondition(slots.count == count * Record.slotBytes, "a read gives what was asked for")
        fillCache(first: first, count: count)
        cache.removeAll()
        cache.append(slots)
        if disk.succeeded() { report(.ringRecovered) }
    }

    private mutating func fillCache(first: UInt64, count: Int) {
        cacheFirst = first
        cacheEnd = first + UInt64(count)
        disk.readFailures = 0
        for sink in sinks { sink.wantsRead = false }
    }

    /// The write or read has failed. What was to be written stays in memory and is written again,
    /// because the kernel may have dropped dirty pages with the error (PostgreSQL's fsync
    /// lesson, 2018).
    public mutating func ringFailed(now: Int64) {
        counters.ringFailures += 1
        if !disk.isFailing { report(.ringFailed) }
        switch disk.job {
        case .none: preconditionFailure("a job fails that has begun")
        case .writing(_, let sync):
            disk.tailsMoved = true
            if sync { disk.syncAgain(at: now) }
        case .reading(let first, let count):
            disk.readFailures += 1
            if disk.readFailures >= Limits.readAttempts {
                // Zeros are no records: the sinks give them up, count them and go on.
                fillCache(first: first, count: count)
                cache.removeAll()
                cache.resize(to: count * Record.slotBytes)
            }
        }
        disk.failed(now: now)
    }

    /// Records below `sequence` have been synced, or a sink has them.
    mutating func markSafe(upTo sequence: UInt64, now: Int64) {
        while safe < sequence {
            if window.contains(safe) {
                let arrival = arrivals[Int(safe % UInt64(window.capacity))]
                durableLatency.record(nanoseconds: now - arrival)
            }
            safe += 1
        }
    }
}

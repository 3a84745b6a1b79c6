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

    private(set) var job = Job.none
    /// Generation of the last head record handed out.
    private(set) var generation: UInt64
    /// Generation of the last head record that survives a power cut.
    private var syncedGeneration: UInt64
    /// A tail has moved since the last head record.
    private(set) var tailsMoved = false
    /// Records that sinks have acknowledged since then.
    private var acknowledgedCount = 0
    /// When the last write began: a head record for tails alone follows it after a while.
    private var writeBegan: Int64?
    /// Tails in the file have to be synced by this time.
    private var tailSyncDue: Int64?
    /// The last write failed: none before this time.
    private(set) var writeRetryAt: Int64?
    /// The last read failed: none before this time.
    private(set) var readRetryAt: Int64?
    /// Writes that failed, one after the other.
    private var writeFailures = 0
    /// Reads that failed, one after the other.
    private var readFailures = 0
    /// Those of them that say something of the place and not of the whole card.
    private(set) var badReads = 0
    /// Writes fail, and not because the card is read-only: so what reads say proves nothing.
    private var isCardAway = false
    /// The file was cut: records below this one are written again at once.
    private(set) var rewriteEnd: UInt64 = 0
    /// Copies of the head record that are written to it again.
    private(set) var headsMissing = 0
    /// The last job was a write.
    private(set) var isReadsTurn = false

    init(generation: UInt64) {
        self.generation = generation
        syncedGeneration = generation
    }

    var isClean: Bool { job == .none && !tailsMoved && tailSyncDue == nil }

    /// A head record has to be written and synced by `syncDue`: a sink has acknowledged
    /// `acknowledged` records more.
    mutating func tailMoved(acknowledged: Int = 0, syncDue: Int64) {
        tailsMoved = true
        acknowledgedCount += acknowledged
        tailSyncDue = min(tailSyncDue ?? syncDue, syncDue)
    }

    /// What waits for company waits no more, and a failed job is tried again at once.
    mutating func syncNow() {
        if tailSyncDue != nil { tailSyncDue = 0 }
        writeRetryAt = writeRetryAt.map { _ in 0 }
        readRetryAt = readRetryAt.map { _ in 0 }
        writeFailures = 0
        readFailures = 0
    }

    /// No job has failed that has not succeeded since.
    var isWell: Bool { writeRetryAt == nil && readRetryAt == nil }

    func isWriteHeld(now: Int64) -> Bool { writeRetryAt.map { now < $0 } ?? false }
    func isReadHeld(now: Int64) -> Bool { readRetryAt.map { now < $0 } ?? false }

    func isTailSyncDue(now: Int64) -> Bool { tailSyncDue.map { now >= $0 } ?? false }

    /// When tails that moved for many records are to be in the file, before their sync: until
    /// then the end of the process takes them, and what they say is sent twice. Few wait for the
    /// sync: each write of its own costs the card a commit of the file system's journal.
    func tailWriteDue(isDraining: Bool) -> Int64? {
        guard tailsMoved, isDraining || acknowledgedCount >= Limits.tailWriteRecords else {
            return nil
        }
        return writeBegan.map { $0 + Limits.tailWriteNanoseconds } ?? 0
    }

    /// A write begins. With sync, what arrives from now on waits for the next one.
    ///
    /// Odd and even generations lie in two places. The one that was synced last is not touched
    /// before the other has been synced too: a torn write takes the younger copy at most.
    mutating func beginWrite(end: UInt64, sync: Bool, now: Int64) {
        job = .writing(end: end, sync: sync)
        writeBegan = now
        isReadsTurn = true
        tailsMoved = false
        acknowledgedCount = 0
        generation += generation % 2 == syncedGeneration % 2 ? 1 : 2
        if sync { tailSyncDue = nil }
    }

    mutating func beginRead(first: UInt64, count: Int) {
        job = .reading(first: first, count: count)
        isReadsTurn = false
    }

    mutating func writeSucceeded(sync: Bool) {
        job = .none
        writeRetryAt = nil
        writeFailures = 0
        isCardAway = false
        if sync {
            syncedGeneration = generation
            headsMissing = max(0, headsMissing - 1)
        }
    }

    mutating func readSucceeded() {
        job = .none
        readRetryAt = nil
        readFailures = 0
        badReads = 0
    }

    /// After a failure nothing but a sync tells that the card works again.
    mutating func writeFailed(_ failure: RingFailure, isDraining: Bool, now: Int64) {
        job = .none
        writeRetryAt = now + Self.wait(after: isDraining ? 0 : writeFailures)
        writeFailures += 1
        isCardAway = failure != .readOnly
        if isCardAway { badReads = 0 }
        tailMoved(syncDue: now)
    }

    /// A read has failed: is it the place or the card? A head record that is written and synced
    /// before the next try tells.
    mutating func readFailed(isDraining: Bool, now: Int64) {
        job = .none
        readRetryAt = now + Self.wait(after: isDraining ? 0 : readFailures)
        readFailures += 1
        if !isCardAway { badReads += 1 }
        tailMoved(syncDue: now)
    }

    /// How long to wait after one more than `failures` in a row.
    private static func wait(after failures: Int) -> Int64 {
        let doubled = Limits.diskRetryNanoseconds << Int64(min(failures, 10))
        return min(doubled, Limits.diskRetryMaxNanoseconds)
    }

    /// The file was cut, and not written to: both head records may be missing, and the records
    /// below `end` that are in memory.
    mutating func wasCut(rewriting end: UInt64) {
        job = .none
        rewriteEnd = end
        headsMissing = 2
        tailsMoved = true
    }

    /// When there is something to do by the passing of time alone; 0 for at once. `syncDue`: when
    /// records wait for a sync; `isFilling`: they cannot wait for its time.
    func deadline(
        syncDue: Int64?, isFilling: Bool, isDraining: Bool, wantsRead: Bool
    ) -> Int64? {
        guard job == .none else { return nil }
        var write = syncDue
        if let tailSyncDue { write = min(write ?? tailSyncDue, tailSyncDue) }
        if let due = tailWriteDue(isDraining: isDraining) { write = min(write ?? due, due) }
        if isFilling { write = 0 }
        if let due = write, let writeRetryAt { write = max(due, writeRetryAt) }
        guard wantsRead else { return write }
        let read = readRetryAt ?? 0
        return min(write ?? read, read)
    }
}

extension Gateway {
    /// Reads and writes take turns, so that neither keeps the other out: a card that has gone
    /// read-only still gives back what it holds.
    mutating func nextDiskAction(now: Int64) -> Action? {
        guard disk.job == .none else {
            noteStall(now: now)
            return nil
        }
        let read = disk.isReadsTurn ? nextRead(now: now) : nil
        let action = read ?? nextWrite(now: now) ?? nextRead(now: now)
        if action != nil { jobBegan = now }
        return action
    }

    /// Records that may be in memory alone: one more, and the oldest leaves the window, or the
    /// slot that it was to be written to.
    var unsyncedLimit: UInt64 { min(UInt64(window.capacity), cursor.slotCount) }

    /// So many records wait for their sync that it does not wait for its time.
    var isFilling: Bool {
        if isRewriting { return true }
        let threshold = min(UInt64(Limits.writeRecords), max(1, unsyncedLimit / 2))
        return cursor.unsyncedCount >= threshold
    }

    /// When the records that are in memory alone have to be synced; nil when there are none.
    ///
    /// A record that a sink still waits for is synced within the sync interval. One that every
    /// sink has is safe already: it may wait for the lazy interval, so that a card beside a
    /// healthy uplink is written rarely, in whole pages.
    var syncDue: Int64? {
        guard cursor.unsyncedCount > 0 else { return nil }
        if isDraining || settings.syncsEach { return 0 }
        var due = arrival(of: cursor.synced) + settings.lazyNanoseconds
        let firstUnsafe = max(safe, cursor.synced)
        if firstUnsafe < cursor.head {
            due = min(due, arrival(of: firstUnsafe) + settings.syncNanoseconds)
        }
        if cursor.synced < postsEnd, let postsDue { due = min(due, postsDue) }
        return due
    }

    private func arrival(of sequence: UInt64) -> Int64 {
        precondition(window.contains(sequence), "an unsynced record is in memory")
        return arrivals[Int(sequence % UInt64(window.capacity))]
    }

    private mutating func nextWrite(now: Int64) -> Action? {
        guard !disk.isWriteHeld(now: now) else { return nil }
        let isDue = syncDue.map { now >= $0 } ?? false
        if isDue || isFilling || disk.isTailSyncDue(now: now) {
            let count = min(cursor.unsyncedCount, UInt64(Limits.writeRecords))
            return write(count: Int(count), sync: true, now: now)
        }
        let isTailDue = disk.tailWriteDue(isDraining: isDraining).map { now >= $0 } ?? false
        return isTailDue ? write(count: 0, sync: false, now: now) : nil
    }

    private mutating func write(count: Int, sync: Bool, now: Int64) -> Action {
        let first = cursor.synced
        disk.beginWrite(end: first + UInt64(count), sync: sync, now: now)
        return .writeRing(first: first, count: count, sync: sync)
    }

    private mutating func nextRead(now: Int64) -> Action? {
        guard !disk.isReadHeld(now: now) else { return nil }
        for sink in sinks where sink.wantsRead {
            guard let first = sink.queue.candidate(0, head: cursor.head) else {
                sink.wantsRead = false
                continue
            }
            let end = min(first + UInt64(Limits.readRecords), cursor.synced)
            guard first < end else {
                // It is in memory: what was to be read has been overwritten meanwhile.
                sink.wantsRead = false
                continue
            }
            disk.beginRead(first: first, count: Int(end - first))
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
        var record = RingHead(
            generation: disk.generation, head: cursor.head, synced: cursor.synced)
        for sink in sinks { record.append(sink.kept) }
        return record
    }

    /// The write has been carried out, with its fdatasync if one was asked for. `replaced` are the
    /// first and the last record of those that the slots had held before, where they could be
    /// read.
    public mutating func ringWritten(
        replaced: (first: Record, last: Record)? = nil, now: Int64
    ) {
        guard case .writing(let end, let sync) = disk.job else {
            preconditionFailure("a write ends that has begun")
        }
        counters.ringWrites += 1
        if sync {
            counters.ringSyncs += 1
            cursor.markSynced(upTo: end)
            if end >= postsEnd { postsDue = nil }
            markSafe(upTo: end, now: now)
        }
        if let replaced { noteReplaced(first: replaced.first, last: replaced.last) }
        disk.writeSucceeded(sync: sync)
        noteSuccess()
        // Memory may have room again for what waits to be said.
        for index in sinks.indices { recordGaps(of: index, now: now) }
    }

    /// The slots of a `readRing` action.
    public mutating func ringRead(_ slots: Span<UInt8>) {
        guard case .reading(let first, let count) = disk.job else {
            preconditionFailure("a read ends that has begun")
        }
        precondition(slots.count == count * Record.slotBytes, "a read gives what was asked for")
        fillCache(first: first, count: count)
        cache.append(slots)
        disk.readSucceeded()
        noteSuccess()
    }

    /// Makes the empty cache the place of these records.
    private mutating func fillCache(first: UInt64, count: Int) {
        cache.removeAll()
        cacheFirst = first
        cacheEnd = first + UInt64(count)
        for sink in sinks { sink.wantsRead = false }
    }

    /// The write or read has failed. What was to be written stays in memory and is written again,
    /// because the kernel may have dropped dirty pages with the error (PostgreSQL's fsync
    /// lesson, 2018): everything since the last sync that succeeded, not what failed alone.
    public mutating func ringFailed(_ failure: RingFailure = .device, now: Int64) {
        counters.ringFailures += 1
        switch disk.job {
        case .none: preconditionFailure("a job fails that has begun")
        case .writing: disk.writeFailed(failure, isDraining: isDraining, now: now)
        case .reading(let first, let count):
            disk.readFailed(isDraining: isDraining, now: now)
            if disk.badReads >= Limits.readAttempts {
                // Zeros are no records: the sinks give them up, count them and go on.
                counters.readsGivenUp += 1
                fillCache(first: first, count: count)
                cache.resize(to: count * Record.slotBytes)
                disk.readSucceeded()
            }
        }
        noteFailure(now: now)
    }

    /// Records below `sequence` have been synced, or every sink has them.
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

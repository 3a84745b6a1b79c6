import Bytes
import Gateway
import Linux
import Query
import RecordRing

/// The part of a query that may wait for the card: a portion of slots read and turned into lines,
/// on the disk worker. In its memory, taken at the start, one query after the other finds room.
final class RecordsJob: DiskJob, @unchecked Sendable {
    // @unchecked: between `submit` and `nextFinished` the worker alone touches the job.

    /// Pages that the card may refuse to give. Each may take it seconds.
    private static let failuresMax = 16

    private let ring: RingFile
    private var run = QueryRun()
    private var slots = FixedBuffer(capacity: QueryRun.chunkRecords * Record.slotBytes)
    private var lines = FixedBuffer(capacity: QueryRun.bufferBytes)
    private var first: UInt64 = 0
    private var count = 0
    /// The slots were copied from memory: they may not be on the card yet.
    private var isInMemory = false
    private var failures = 0
    /// What went wrong; nil when nothing did.
    private(set) var failure: SystemError?

    init(ring: RingFile) { self.ring = ring }

    /// Begins a query of what the gateway has now.
    func begin(_ query: RecordQuery, _ gateway: borrowing Gateway, notes: ClockNotes) {
        failures = 0
        failure = nil
        lines.removeAll()
        run.begin(
            query, cursor: gateway.cursor, notes: notes, device: gateway.settings.device,
            into: &lines)
    }

    /// Makes the job the next read, with no lines in it; false when everything was read, and the
    /// last lines are there.
    func prepare(_ gateway: borrowing Gateway) -> Bool {
        lines.removeAll()
        guard let wanted = run.nextRead(oldest: gateway.cursor.oldest) else {
            run.finish(into: &lines)
            return false
        }
        let start = gateway.windowStart
        first = wanted.first
        // What lies before memory begins is read from the card, and by itself.
        let end = first + UInt64(wanted.count)
        isInMemory = first >= start
        count = isInMemory || end <= start ? wanted.count : Int(start - first)
        guard isInMemory else { return true }
        slots.removeAll()
        gateway.copySlots(first: first, count: count, into: &slots)
        return true
    }

    func perform() {
        do throws(SystemError) {
            if !isInMemory {
                guard try ring.readSlots(first: first, count: count, into: &slots) else {
                    return giveUp()
                }
            }
            slots.withBytes { run.take($0, from: first, into: &lines) }
        } catch {
            failure = error
        }
    }

    /// The card does not give the first page of what is wanted.
    private func giveUp() {
        failures += 1
        guard failures <= Self.failuresMax else {
            failure = .cardGivesNothing(ring.path)
            return
        }
        run.takeUnreadable(from: first, count: min(count, RingFile.pageRecords))
    }

    /// Lends the lines that the last step has made.
    func withLines<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        lines.withBytes { body($0) }
    }
}

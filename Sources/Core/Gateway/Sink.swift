public import Kinesis
import RecordRing
public import Uplink

/// One sink's life: what it is owed, whether a request runs, when it may be tried again.
public final class Sink {
    /// Where the sink stands with its current request.
    public enum State: Equatable, Sendable {
        case idle
        case busy
        /// After a failure, until this monotonic time.
        case waiting(until: Int64)
    }

    public let settings: SinkSettings
    /// What it is owed. Only the gateway changes it.
    public internal(set) var queue: SinkQueue
    public internal(set) var state = State.idle
    public internal(set) var backoff = Backoff()
    /// Requests begun.
    public internal(set) var requests: UInt64 = 0
    /// Requests that failed as a whole.
    public internal(set) var failedRequests: UInt64 = 0
    /// Records that were refused within an answered request, each time counted.
    public internal(set) var refusedRecords: UInt64 = 0
    /// Why the last request was refused as a whole; nil after a success.
    public internal(set) var refusal: RequestRefusal?
    /// When the oldest record that waits for company began to wait.
    var pendingSince: Int64?
    /// The first record of the next request is not in memory.
    var wantsRead = false

    init(settings: SinkSettings, tail: UInt64, pendingSince: Int64?) {
        self.settings = settings
        queue = SinkQueue(limit: settings.batchRecords, tail: tail)
        self.pendingSince = pendingSince
    }

    /// Whether a request is worth sending now.
    func isDue(at now: Int64, head: UInt64, draining: Bool) -> Bool {
        switch state {
        case .busy: return false
        case .waiting(let until) where now < until: return false
        case .idle, .waiting: break
        }
        let waiting = queue.waitingCount(head: head)
        guard waiting > 0 else { return false }
        if draining || queue.refusedCount > 0 || waiting >= UInt64(settings.batchRecords) {
            return true
        }
        return pendingSince.map { now - $0 >= settings.flushNanoseconds } ?? true
    }

    /// When `isDue` may become true by the passing of time alone.
    func deadline(head: UInt64) -> Int64? {
        guard state != .busy, queue.waitingCount(head: head) > 0 else { return nil }
        if case .waiting(let until) = state { return until }
        return pendingSince.map { $0 + settings.flushNanoseconds } ?? 0
    }
}

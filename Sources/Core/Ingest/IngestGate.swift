import Bytes
public import Gateway
public import RecordRing
public import Time

/// What posts are bounded by.
public struct IngestLimits: Equatable, Sendable {
    /// Lines of one batch.
    public static let linesMax = 256
    /// Bytes of an idempotency key.
    public static let keyBytesMax = 255
    /// How long a post waits for the card before its sender is told to come again.
    public static let waitNanoseconds: Int64 = 10_000_000_000
    /// The newest records that are read at the start for their keys: 2 MiB.
    public static let restoredRecords: UInt64 = 16_384
    /// After so many seconds a sender that found no room comes again.
    public static let retrySeconds: Int64 = 2

    /// Forms and errors a second, over a while.
    public var perSecond: Int
    /// A post has to be on the card so many nanoseconds after it came: posts of that time share
    /// one sync.
    public var syncNanoseconds: Int64

    public init(perSecond: Int = 1_000, syncNanoseconds: Int64 = 100_000_000) {
        self.perSecond = perSecond
        self.syncNanoseconds = syncNanoseconds
    }
}

/// One request to post something.
public struct PostRequest: Equatable, Sendable {
    public var path: PostPath
    /// Each line of the body is a form (application/x-ndjson).
    public var isBatch: Bool
    /// The idempotency key; nil without one.
    public var key: [UInt8]?

    public init(path: PostPath, isBatch: Bool = false, key: [UInt8]? = nil) {
        self.path = path
        self.isBatch = isBatch
        self.key = key
    }
}

/// What becomes of a request.
public enum PostOutcome: Equatable, Sendable {
    /// It is recorded. The answer, JSON, goes out when the record `last` is on the card; nil: now.
    case recorded(answer: [UInt8], last: UInt64?)
    /// For good: `pointer` is the place in the body that it is about.
    case refused(status: UInt16, detail: [UInt8], pointer: [UInt8]?)
    /// More than the rate lets in.
    case tooMany(seconds: Int64)
    /// There is no room in memory or in the ring.
    case noRoom
}

/// Where posts come in: judged, told from repeats, counted, recorded. It neither reads nor waits.
public struct IngestGate: ~Copyable {
    public let limits: IngestLimits
    public private(set) var keys = KeyTable()
    private var bucket: TokenBucket
    /// Posts and lines that were repeats of what had been recorded.
    public private(set) var repeats: UInt64 = 0

    public init(_ limits: IngestLimits) {
        self.limits = limits
        bucket = TokenBucket(
            perSecond: limits.perSecond, burst: max(IngestLimits.linesMax, 2 * limits.perSecond))
    }

    /// A record of the ring at the start, in the order of the sequences. `isFirst`: it is the first
    /// that is read, and others may have stood before it.
    public mutating func restore(_ record: Record, isFirst: Bool) {
        keys.restore(record, isFirst: isFirst)
    }

    /// The records up to `last` never reached the card: the key's sender is to post again.
    public mutating func forget(_ request: PostRequest) {
        guard let key = request.key else { return }
        keys.forget(KeyTable.hash(of: key.span, path: request.path))
    }

    /// Takes one request. `time` is its arrival.
    public mutating func take(
        _ body: Span<UInt8>, _ request: PostRequest, into gateway: inout Gateway, time: Moment,
        clock: ClockState, now: Int64
    ) -> PostOutcome {
        let lines = request.isBatch ? body.lines : [0..<body.count]
        guard !lines.isEmpty else {
            return .refused(
                status: 422, detail: Array("the body has no line; write one form a line".utf8),
                pointer: nil)
        }
        guard lines.count <= IngestLimits.linesMax else {
            return .refused(
                status: 413,
                detail: Array(
                    "the body has \(lines.count) lines; write at most \(IngestLimits.linesMax)"
                        .utf8),
                pointer: nil)
        }
        let wait = bucket.take(lines.count, now: now)
        guard wait == 0 else { return .tooMany(seconds: (wait + 999_999_999) / 1_000_000_000) }
        var job = PostJob(request: request, lines: lines)
        job.judge(body)
        var skipped = 0
        var known: KeyTable.Entry?
        if let key = job.keyHash, let entry = keys[key] {
            guard job.isRepeat(of: entry) else { return Self.conflict }
            skipped = Int(entry.forms)
            known = entry
        }
        if let known, known.post != nil || skipped == job.acceptedCount {
            repeats += 1
            return job.outcome(body, last: known.last)
        }
        guard gateway.postRoom >= lines.count else { return .noRoom }
        let last = job.record(
            skipping: skipped, into: &gateway, time: time, clock: clock,
            syncNanoseconds: limits.syncNanoseconds, now: now)
        // A refusal is an answer that nobody waits for.
        let awaited = job.acceptedCount > 0 ? last : nil
        if let key = job.keyHash {
            keys.remember(
                KeyTable.Entry(
                    key: key, post: job.bodyHash, forms: UInt32(job.formCount), chain: job.chain,
                    last: awaited))
        }
        return job.outcome(body, last: awaited)
    }

    private static var conflict: PostOutcome {
        .refused(
            status: 422,
            detail: Array(
                "this Idempotency-Key came with another body before; write a new key for a new post"
                    .utf8),
            pointer: nil)
    }
}

extension Span<UInt8> {
    /// The lines that say something, without their ends.
    fileprivate var lines: [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for index in 0...count where index == count || self[index] == UInt8(ascii: "\n") {
            let line = withoutBlanks(start..<index)
            if !line.isEmpty { lines.append(line) }
            start = index + 1
        }
        return lines
    }
}

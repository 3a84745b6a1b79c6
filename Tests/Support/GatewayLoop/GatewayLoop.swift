import Bytes
public import Gateway
public import Kinesis
import RecordRing
public import SigV4
import Time
import Uplink

/// What a measurement goes through, in the order of its way.
public enum LoopStage: Int, CaseIterable, Sendable {
    /// Notification in: decode, judge, record.
    case receive
    /// What to do next.
    case decide
    /// Slots and head record for the ring file.
    case writeRing
    /// The request's body.
    case encode
    case sign
    /// The service's answer: read, acknowledge.
    case answer
}

/// The gateway with everything around it but the system calls: notifications come out of a table,
/// the card takes every write, the service accepts every record.
///
/// It does what the pipeline of the program does, in the same order, so that its allocations and
/// its instructions can be counted without a network or a card in the figures.
public struct GatewayLoop: ~Copyable {
    public var gateway: Gateway
    private let notifications: Notifications
    private var clock: LoopClock
    private var signer: Signer
    private let request: CanonicalRequest
    private var body: FixedBuffer
    private var slots: FixedBuffer
    private var sector: FixedBuffer
    private var answer: AnswerText
    private var next = 0
    /// Requests that were signed and answered.
    public private(set) var requests: UInt64 = 0
    /// Those of them that were made of a backlog.
    public private(set) var backlogRequests = 0
    /// Requests from now on that get no answer.
    public var unanswered = 0
    /// Bytes of all bodies.
    public private(set) var bodyBytes: UInt64 = 0

    /// Records a request; the most that PutRecords takes.
    public static let batchRecords = 500

    /// A loop with one sink of `kind`; `hash` signs its requests, `md5` closes its aggregates.
    public init(
        sink kind: SinkSettings.Kind, hash: SHA256Function, md5: MD5Function? = nil,
        order: SinkSettings.Order = .oldestFirst
    ) throws(SigningError) {
        let scope = try CredentialScope(region: "eu-central-1", service: "kinesis")
        let credentials = try SigningCredentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        let request = try Self.request()
        self.request = request
        signer = Signer(scope: scope, credentials: credentials, sha256: hash)
        gateway = Self.gateway(sink: kind, md5, order)
        notifications = Notifications()
        clock = LoopClock()
        body = FixedBuffer(capacity: 512 << 10)
        slots = FixedBuffer(capacity: Limits.writeRecords * Record.slotBytes)
        sector = FixedBuffer(capacity: RingHead.byteCount)
        sector.resize(to: RingHead.byteCount)
        answer = AnswerText(entries: Self.batchRecords)
    }

    private static func gateway(
        sink kind: SinkSettings.Kind, _ md5: MD5Function?, _ order: SinkSettings.Order
    ) -> Gateway {
        guard let sensor = SensorName("D4:4A:C4:B0:24:03"), let sink = SensorName("cloud") else {
            preconditionFailure("a name is 23 bytes at most")
        }
        var settings = GatewaySettings(
            device: Array("gym-7".utf8), boot: BootID(high: 1, low: 2), session: 0xB194_6AC9,
            sensors: [SensorSettings(name: sensor)],
            sinks: [
                SinkSettings(
                    name: sink, kind: kind, batchRecords: batchRecords,
                    flushNanoseconds: .max / 2, order: order)
            ], seed: 1)
        if let md5 { settings.md5 = md5 }
        return Gateway(
            settings: settings,
            cursor: RingCursor(slotCount: 524_160, oldest: 0, head: 0), head: nil, now: 0)
    }

    private static func request() throws(SigningError) -> CanonicalRequest {
        var request = CanonicalRequest()
        try request.begin(.post, host: "kinesis.eu-central-1.amazonaws.com", path: "/")
        try request.append(header: "content-type", value: "application/x-amz-json-1.1")
        try request.append(header: "x-amz-target", value: "Kinesis_20131202.PutRecords")
        return request
    }
}

extension GatewayLoop {
    /// Sends `count` measurements all the way. `enter` is told of each stage as it begins, and
    /// of nil at the end.
    public mutating func run(
        _ count: Int, entering enter: (LoopStage?) -> Void
    ) throws(SigningError) {
        for _ in 0..<count {
            enter(.receive)
            clock.tick()
            Self.receive(notifications, next, at: clock, &gateway)
            next = (next + 1) % notifications.count
            try carryOut(enter)
        }
        enter(nil)
    }

    private mutating func carryOut(_ enter: (LoopStage?) -> Void) throws(SigningError) {
        while true {
            enter(.decide)
            guard let action = gateway.nextAction(now: clock.now) else { return }
            switch action {
            case .writeRing(let first, let count, _):
                enter(.writeRing)
                slots.removeAll()
                gateway.copySlots(first: first, count: count, into: &slots)
                Self.encode(gateway.headRecord(), into: &sector)
                gateway.ringWritten(now: clock.now)
            case .send(let sink): try send(sink, enter)
            case .readRing: preconditionFailure("what is sent at once is in memory")
            case .alarm, .report: break
            }
        }
    }

    private mutating func send(
        _ sink: Int, _ enter: (LoopStage?) -> Void
    ) throws(SigningError) {
        let now = clock.now
        enter(.encode)
        let count = gateway.encode(sink: sink, into: &body, now: now)
        let isFull = count == Self.batchRecords
        precondition(
            isFull || gateway.settings.sinks[sink].order == .newestFirst, "requests are full")
        bodyBytes += UInt64(body.count)
        requests += 1
        if gateway.sinks[sink].queue.part == .backlog { backlogRequests += 1 }
        guard unanswered == 0 else {
            unanswered -= 1
            return gateway.sinkFailed(sink: sink, now: now)
        }
        let kind = gateway.settings.sinks[sink].kind
        if case .file = kind {
            enter(.answer)
            return gateway.sinkDelivered(sink: sink, now: now)
        }
        enter(.sign)
        try Self.sign(body, request, at: clock.sensor, &signer)
        // What the service does is not counted.
        enter(nil)
        var entries = count
        if case .aggregated = kind { entries = Self.entries(in: body) }
        answer.fill(entries: entries, for: kind)
        enter(.answer)
        Self.accept(answer, sink: sink, now: now, &gateway)
    }
}

// Static, because a span of one part of the loop keeps the whole of it from being changed.
extension GatewayLoop {
    private static func receive(
        _ notifications: borrowing Notifications, _ index: Int, at clock: LoopClock,
        _ gateway: inout Gateway
    ) {
        gateway.receive(
            notifications.bytes(index), sensor: 0, time: clock.sensor, clock: .synced,
            now: clock.now)
    }

    /// Entries in a body of PutRecords: each has a partition key, and no data has that name.
    private static func entries(in body: borrowing FixedBuffer) -> Int {
        let bytes = body.bytes
        let name = "\"PartitionKey\"" as StaticString
        var count = 0
        for index in bytes.indices where bytes[index] == UInt8(ascii: "P") {
            let end = index - 1 + name.utf8CodeUnitCount
            if index > 0, end <= bytes.count,
                bytes.extracting(index - 1..<end).isEqual(to: name)
            {
                count += 1
            }
        }
        return count
    }

    private static func encode(_ head: RingHead, into sector: inout FixedBuffer) {
        var bytes = sector.mutableBytes(in: 0..<RingHead.byteCount)
        head.encode(into: &bytes)
    }

    private static func sign(
        _ body: borrowing FixedBuffer, _ request: borrowing CanonicalRequest, at moment: Moment,
        _ signer: inout Signer
    ) throws(SigningError) {
        try signer.sign(request, body: body.bytes, at: moment.wallMicroseconds)
    }

    private static func accept(
        _ answer: borrowing AnswerText, sink: Int, now: Int64, _ gateway: inout Gateway
    ) {
        gateway.sinkAnswered(sink: sink, status: 200, body: answer.bytes, now: now)
    }
}

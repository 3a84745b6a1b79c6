import Bytes
import Gateway
import GatewayLoop
import Glibc
import Linux
import RecordRing
import Time

/// A ring in simulated time, written to a real file: the gateway decides by the clock of the
/// loop, and every write is carried out as it comes, with its fdatasync.
///
/// An hour passes in a few seconds, so what only real time brings is missing: the kernel's own
/// write-back of the head records that wait for their sync, and the file system's commits of the
/// file's times. In real time, every second is one.
struct RingDrive: ~Copyable {
    /// What happens to the requests of the one sink.
    enum Uplink: String {
        /// Each is acknowledged a tenth of a second later.
        case online
        /// None reaches anything.
        case offline
    }

    private static let second: Int64 = 1_000_000_000
    private static let answerNanoseconds = second / 10
    private static let ringBytes: UInt64 = 64 << 20

    private var gateway: Gateway
    private let job: RingJob
    private let uplink: Uplink
    private let sensors: Int
    private let notifications = Notifications()
    private var body = FixedBuffer(capacity: 512 << 10)
    private var answerDue: Int64?
    /// Machine time of the drive's beginning; nil in simulated time.
    private let begun: Int64?
    private(set) var cost = RingCost()

    init(path: String, sensors: Int, uplink: Uplink, inRealTime: Bool) throws {
        begun = inRealTime ? Clock.monotonicNanoseconds() : nil
        let file = try RingFile.open(path, bytes: Self.ringBytes)
        guard let sink = SensorName("cloud") else { preconditionFailure("5 bytes are a name") }
        let names = (0..<sensors).map { SensorName("D4:4A:C4:B0:24:\($0)") ?? SensorName() }
        let settings = GatewaySettings(
            device: Array("gym-7".utf8), boot: BootID(high: 1, low: 2), session: 0xB194_6AC9,
            sensors: names.map { SensorSettings(name: $0) },
            sinks: [
                SinkSettings(
                    name: sink, kind: .kinesis(stream: Array("pulse".utf8)), batchRecords: 500,
                    flushNanoseconds: Self.second)
            ], seed: 1)
        let found = try file.recover()
        gateway = Gateway(settings: settings, cursor: found.cursor, head: found.head, now: 0)
        job = RingJob(file: file, records: max(Limits.writeRecords, Limits.readRecords))
        self.sensors = sensors
        self.uplink = uplink
    }

    /// Each sensor sends once a second, one after the other.
    mutating func run(seconds: Int) throws {
        let step = Self.second / Int64(sensors)
        for index in 0..<seconds * sensors {
            let now = Int64(index) * step
            pass(to: now)
            wait(until: now)
            let begun = Clock.monotonicNanoseconds()
            Self.receive(notifications, index, sensor: index % sensors, now: now, &gateway)
            cost.receiveNanoseconds += Clock.monotonicNanoseconds() - begun
            carryOut(now)
        }
        // The ring's last interval; a sink that is away keeps what it is owed.
        pass(to: Int64(seconds) * Self.second + Self.second)
        cost.records = UInt64(seconds * sensors)
        cost.wear = job.wear
    }

    private static func receive(
        _ notifications: borrowing Notifications, _ index: Int, sensor: Int, now: Int64,
        _ gateway: inout Gateway
    ) {
        let time = Moment(
            monotonicNanoseconds: now, wallMicroseconds: 1_752_599_433_123_456 + now / 1_000)
        gateway.receive(
            notifications.bytes(index % notifications.count), sensor: sensor, time: time,
            clock: .synced, now: now)
    }

    /// Lets time pass, and does what falls due.
    private mutating func pass(to end: Int64) {
        while true {
            var due = gateway.deadline()
            if let answerDue { due = min(due ?? answerDue, answerDue) }
            guard let due, due <= end else { return }
            wait(until: due)
            if let answerDue, answerDue <= due {
                self.answerDue = nil
                gateway.sinkDelivered(sink: 0, now: answerDue)
            }
            carryOut(due)
        }
    }

    private func wait(until now: Int64) {
        guard let begun else { return }
        let left = begun + now - Clock.monotonicNanoseconds()
        if left > 0 { usleep(UInt32(left / 1_000)) }
    }

    private mutating func carryOut(_ now: Int64) {
        while let action = gateway.nextAction(now: now) {
            switch action {
            case .alarm, .report: break
            case .send(let sink):
                _ = gateway.encode(sink: sink, into: &body, now: now)
                switch uplink {
                case .online: answerDue = now + Self.answerNanoseconds
                case .offline: gateway.sinkFailed(sink: sink, now: now)
                }
            case .writeRing(let first, let count, let sync): write(first, count, sync, now)
            case .readRing(let first, let count):
                job.prepareRead(first: first, count: count)
                job.perform()
                job.withSlots { gateway.ringRead($0) }
            }
        }
    }

    private mutating func write(_ first: UInt64, _ count: Int, _ sync: Bool, _ now: Int64) {
        let processor = Clock.processorNanoseconds()
        let begun = Clock.monotonicNanoseconds()
        job.prepareWrite(first: first, head: gateway.headRecord(), sync: sync) { slots in
            gateway.copySlots(first: first, count: count, into: &slots)
        }
        job.perform()
        cost.writeWallNanoseconds += Clock.monotonicNanoseconds() - begun
        cost.writeProcessorNanoseconds += Clock.processorNanoseconds() - processor
        cost.writes += 1
        if let failure = job.failure { preconditionFailure("\(failure)") }
        gateway.ringWritten(replaced: job.replaced, now: now)
    }
}

/// What a run of `RingDrive` came to.
struct RingCost {
    var records: UInt64 = 0
    var writes: UInt64 = 0
    /// Decode, judge, record.
    var receiveNanoseconds: Int64 = 0
    /// Slots and head record to the file, with their sync.
    var writeProcessorNanoseconds: Int64 = 0
    var writeWallNanoseconds: Int64 = 0
    var wear = WearStatistics()
}

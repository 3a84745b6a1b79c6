import Alarm
import Bytes
import Foundation
import Gateway
import RecordRing
import TestSupport
import Time
import Uplink

/// What the shell around the gateway does wrong, on purpose: each of them has to be caught.
enum ShellFault: CaseIterable {
    /// A sync is answered and was never made.
    case skipsTheSync
    /// A sync that failed is answered like one that succeeded.
    case hidesTheFailedSync
    /// The head record always goes to the same place.
    case writesTheHeadInPlace
    /// Records in flight count as acknowledged in the head record.
    case keepsTheTailTooEarly
    /// The head record is written after the sync and not before it.
    case syncsBeforeTheHead
    /// The ring is opened without a sync of what a killed process has left behind.
    case opensWithoutASync
    /// The ring is opened from the system's copy, which holds what a failed sync has lost.
    case opensFromTheCache
}

/// The gateway on a card that may lose power at any instant: the real gateway, the plan of its
/// real writes, and a card and sinks in memory. One step is one thing that happens.
final class Machine {
    struct Settings {
        var slotCount: UInt64 = 64
        var windowRecords = 32
        var sinkCount = 2
        /// The sinks want the newest records first.
        var isNewestFirst = false
        /// One in so many writes and syncs fails.
        var failureOdds = 16
        /// Every second sync of the card does nothing and says that it has.
        var isCardLying = false
        var fault: ShellFault?
    }

    /// What is under way on the disk worker.
    private enum Job {
        case write(RingWritePlan, first: UInt64, slots: [UInt8], head: RingHead, sync: Bool)
        case read(first: UInt64, count: Int)
    }

    let settings: Settings
    let geometry: RingGeometry
    let sinks: [SinkSettings]
    private(set) var disk: ModelDisk
    /// The checks note in it how far they are.
    var promise: Promise
    /// Records and, among them, gap records that the gateways of all lives have made.
    private(set) var claimed: UInt64 = 0
    private(set) var gapCount = 0
    private(set) var errorCount = 0
    private var gateway: Gateway
    private var job: Job?
    /// Writes of the job that are done.
    private var written = 0
    /// By sink: the records of the request under way.
    private var requests: [[UInt64]?]
    private var now: Int64 = 0
    private var session: UInt32 = 1
    private var random: SeededRandom
    private var failedReads = 0
    private var request = FixedBuffer(capacity: 64 << 10)
    /// By sink: records that the head record had settled when this life began, and what this
    /// life has acknowledged since.
    private var settledAtStart: [UInt64] = []
    private var acknowledgedSince: [UInt64] = []
    /// By sink: its service does not answer before this step.
    private var stuckUntil: [Int]
    private var steps = 0
    /// The first sequence of this life.
    private var start: UInt64 = 0
    /// The cursor's when it was last looked at.
    private var syncedBefore: UInt64 = 0

    init(_ settings: Settings, random: SeededRandom) {
        self.settings = settings
        self.random = random
        geometry = RingGeometry(slotCount: settings.slotCount)
        disk = ModelDisk(geometry: geometry)
        promise = Promise(slotCount: settings.slotCount, sinkCount: settings.sinkCount)
        sinks = Self.sinks(settings.sinkCount, settings.isNewestFirst)
        requests = sinks.map { _ in nil }
        stuckUntil = sinks.map { _ in 0 }
        gateway = Self.gateway(
            settings, sinks, session: 1,
            RingCursor(slotCount: settings.slotCount, oldest: 0, head: 0), nil, now: 0)
        settleStart(nil, oldest: 0)
    }

    private static func sinks(_ count: Int, _ isNewestFirst: Bool) -> [SinkSettings] {
        let stream = SinkSettings.Kind.kinesis(stream: [UInt8]("heart".utf8))
        let index = SinkSettings.Kind.openSearch(withIDs: true)
        let kinds: [(String, SinkSettings.Kind, SinkSettings.Takes, Int)] = [
            ("search", index, .records, 7), ("file", .file, .all, 10),
            ("errors", index, .errors, 3), ("slow", .file, .records, 1),
            ("fifth", stream, .records, 10), ("sixth", stream, .errors, 5),
            ("seventh", .file, .errors, 4), ("last", stream, .records, 2),
        ]
        return kinds.prefix(count).map { name, kind, takes, batch in
            guard let name = SensorName(name) else { preconditionFailure("a name is short") }
            return SinkSettings(
                name: name, kind: kind, takes: takes,
                batchRecords: isNewestFirst ? max(1, batch / 3) : batch,
                flushNanoseconds: 300_000_000,
                order: isNewestFirst ? .newestFirst : .oldestFirst,
                drainRate: isNewestFirst ? 10 : nil)
        }
    }

    /// The same sinks as lines of a file, which are easier to read.
    var sinksForReading: [SinkSettings] {
        sinks.map {
            SinkSettings(
                name: $0.name, kind: .file, takes: $0.takes, batchRecords: 100,
                flushNanoseconds: 0, order: $0.order)
        }
    }

    private static func gateway(
        _ settings: Settings, _ sinks: [SinkSettings], session: UInt32, _ cursor: RingCursor,
        _ head: RingHead?, now: Int64
    ) -> Gateway {
        guard let strap = SensorName("strap") else { preconditionFailure("a name is short") }
        return Gateway(
            settings: GatewaySettings(
                device: OpenedRing.device, boot: BootID(high: 1, low: 2), session: session,
                sensors: [SensorSettings(name: strap)], sinks: sinks,
                windowRecords: settings.windowRecords, seed: UInt64(session)),
            cursor: cursor, head: head, now: now)
    }
}

// MARK: - What happens

extension Machine {
    /// Something happens. Answers whether the card changed.
    func step() throws(Violation) -> Bool {
        var hasChanged = false
        steps += 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: receive()
        case 4: now += Int64.random(in: 0...900_000_000, using: &random)
        case 5, 6: answer(sink: Int.random(in: sinks.indices, using: &random))
        default: hasChanged = try advanceJob()
        }
        try carryOut()
        try checkSynced()
        return hasChanged
    }

    private func receive() {
        // One in eight is no measurement: its last interval is torn.
        let isMalformed = Int.random(in: 0..<8, using: &random) == 0
        let notification =
            [0x10, UInt8.random(in: 40...200, using: &random)]
            + random.bytes(isMalformed ? 3 : 4)
        now += Int64.random(in: 0...200_000_000, using: &random)
        gateway.receive(
            notification.span, sensor: 0,
            time: Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000),
            clock: .synced, now: now)
        noteClaims()
    }

    /// What has been given a sequence: a measurement, or a gap record of the gateway's own.
    private func noteClaims() {
        while promise.head < gateway.cursor.head {
            var slot = FixedBuffer(capacity: Record.slotBytes)
            gateway.copySlots(first: promise.head, count: 1, into: &slot)
            let bytes = [UInt8](copying: slot.bytes)
            let record = Self.record(in: bytes)
            claimed += 1
            switch record.payload {
            case .gap: gapCount += 1
            case .rejection: errorCount += 1
            case .heartRate, .vital, .alarm: break
            case .patientStats, .refusedPost, .postedError: break
            }
            promise.claim(bytes, record, sinks)
        }
    }

    private static func record(in slot: [UInt8]) -> Record {
        do throws(RecordError) {
            return try Record(decoding: slot.span)
        } catch {
            preconditionFailure("what the gateway writes can be read: \(error)")
        }
    }

    /// What the gateway does not write any more was synced, but for records that left a full
    /// memory unwritten and are counted.
    private func checkSynced() throws(Violation) {
        let synced = gateway.cursor.synced
        guard synced != syncedBefore else { return }
        syncedBefore = synced
        var missing: UInt64 = 0
        for sequence in max(start, promise.floor)..<max(start, promise.floor, synced)
        where !promise.isSynced[Int(sequence)] { missing += 1 }
        guard missing <= gateway.counters.unsyncedGivenUp else {
            throw Violation(.notSynced, "\(missing) of the records below \(synced)")
        }
    }

    /// Carries out what the gateway asks for.
    private func carryOut() throws(Violation) {
        noteClaims()
        while let action = gateway.nextAction(now: now) {
            noteClaims()
            switch action {
            case .alarm, .report: break
            case .writeRing(let first, let count, let sync):
                try beginWrite(first: first, count: count, sync: sync)
            case .readRing(let first, let count): job = .read(first: first, count: count)
            case .send(let sink): send(sink)
            }
        }
    }

    private func beginWrite(first: UInt64, count: Int, sync: Bool) throws(Violation) {
        var head = gateway.headRecord()
        try checkCount()
        if settings.fault == .keepsTheTailTooEarly { head = tooEarly(head) }
        var slots = FixedBuffer(capacity: max(1, count) * Record.slotBytes)
        gateway.copySlots(first: first, count: count, into: &slots)
        let place = settings.fault == .writesTheHeadInPlace ? 2 : head.generation
        let plan = RingWritePlan(
            geometry: geometry, first: first, count: count, generation: place)
        written = 0
        job = .write(
            plan, first: first, slots: [UInt8](copying: slots.bytes), head: head, sync: sync)
    }

    private func tooEarly(_ head: RingHead) -> RingHead {
        var early = RingHead(
            generation: head.generation, head: head.head, synced: head.synced)
        for sink in gateway.sinks {
            early.append(SinkTail(sink: sink.settings.name, tail: sink.queue.sent))
        }
        return early
    }

    /// One write of the job, or its end. Answers whether the card changed.
    private func advanceJob() throws(Violation) -> Bool {
        switch job {
        case nil: return false
        case .read(let first, let count):
            finishRead(first: first, count: count)
            return false
        case .write(let plan, _, let slots, let head, let sync) where written < plan.count:
            let write = plan[written]
            written += 1
            if Int.random(in: 0..<2 * settings.failureOdds, using: &random) == 0 {
                job = nil
                disk.failSync(&random)
                gateway.ringFailed(now: now)
                return true
            }
            switch write.source {
            case .slots: disk.write(slots[write.bytes], at: write.offset)
            case .head:
                if sync && settings.fault == .syncsBeforeTheHead { disk.sync() }
                disk.write(Self.encode(head)[write.bytes], at: write.offset)
            }
            return true
        case .write(_, let first, let slots, let head, let sync):
            let end = first + UInt64(slots.count / Record.slotBytes)
            finishWrite(first..<end, head, sync)
            return true
        }
    }

    private static func encode(_ head: RingHead) -> [UInt8] {
        var page = [UInt8](repeating: 0, count: RingHead.byteCount)
        var span = page.mutableSpan
        head.encode(into: &span)
        return page
    }

    private func finishRead(first: UInt64, count: Int) {
        job = nil
        if failedReads < 2, Int.random(in: 0..<10, using: &random) == 0 {
            failedReads += 1
            return gateway.ringFailed(now: now)
        }
        failedReads = 0
        let ring = OpenedRing(disk.cache, geometry: geometry)
        var slots = FixedBuffer(capacity: count * Record.slotBytes)
        ring.read(first: first, count: count, into: &slots)
        gateway.ringRead(slots.bytes)
    }

    private func finishWrite(_ range: Range<UInt64>, _ head: RingHead, _ sync: Bool) {
        job = nil
        let isFailing = Int.random(in: 0..<settings.failureOdds, using: &random) == 0
        if isFailing {
            disk.failSync(&random)
            guard settings.fault == .hidesTheFailedSync, sync else {
                return gateway.ringFailed(now: now)
            }
        } else if sync {
            let isLying = settings.isCardLying && Bool.random(using: &random)
            if isLying { promise.isHonest = false }
            let isSkipped = [.skipsTheSync, .syncsBeforeTheHead].contains(settings.fault)
            if !isSkipped && !isLying { disk.sync() }
        }
        // What the gateway believes is what the checks hold it to.
        if sync {
            promise.sync(range, head: head)
        }
        gateway.ringWritten(now: now)
    }
}

// MARK: - Sinks

extension Machine {
    private func send(_ sink: Int) {
        _ = gateway.encode(sink: sink, into: &request, now: now)
        let text = String(decoding: request.bytes)
        let lines: [[UInt8]]
        switch sinks[sink].kind {
        case .kinesis:
            lines = text.components(separatedBy: "\"Data\":\"").dropFirst().map {
                [UInt8](Data(base64Encoded: String($0.prefix { $0 != "\"" })) ?? Data())
            }
        case .openSearch:
            // The action's line has no "seq".
            lines = text.split(separator: "\n").filter { !$0.hasPrefix("{\"create\"") }
                .map { [UInt8]($0.utf8) }
        default: lines = text.split(separator: "\n").map { [UInt8]($0.utf8) }
        }
        requests[sink] = lines.map { OpenedRing.sequence(in: $0) }
    }

    private func answer(sink: Int) {
        guard let sequences = requests[sink], steps >= stuckUntil[sink] else { return }
        if Int.random(in: 0..<16, using: &random) == 0 {
            // Long enough for the ring to go over the request and to come round again.
            let laps = Int(settings.slotCount) * 5
            stuckUntil[sink] = steps + Int.random(in: 1...laps, using: &random)
        }
        requests[sink] = nil
        now += Int64.random(in: 0...50_000_000, using: &random)
        let isService = sinks[sink].kind.isService
        switch Int.random(in: 0..<(isService ? 8 : 5), using: &random) {
        case 0: gateway.sinkFailed(sink: sink, now: now)
        case 1..<5:
            if isService { return answer(sink, sequences, sequences.map { _ in true }) }
            for sequence in sequences { accept(sequence, sink) }
            gateway.sinkDelivered(sink: sink, now: now)
        case 5:
            gateway.sinkAnswered(sink: sink, status: 500, body: [UInt8]().span, now: now)
        default:
            answer(sink, sequences, sequences.map { _ in Bool.random(using: &random) })
        }
    }

    /// The service takes some of the records.
    private func answer(_ sink: Int, _ sequences: [UInt64], _ isAccepted: [Bool]) {
        for (sequence, accepted) in zip(sequences, isAccepted) where accepted {
            accept(sequence, sink)
        }
        let text =
            sinks[sink].kind.isKinesis
            ? putRecordsAnswer(isAccepted) : bulkAnswer(sink, sequences, isAccepted)
        let body = [UInt8](text.utf8)
        gateway.sinkAnswered(sink: sink, status: 200, body: body.span, now: now)
    }

    /// What an index does not take it may take later, or never.
    private func bulkAnswer(
        _ sink: Int, _ sequences: [UInt64], _ isAccepted: [Bool]
    ) -> String {
        let items = zip(sequences, isAccepted).map { sequence, accepted in
            let status = accepted ? 201 : Bool.random(using: &random) ? 400 : 429
            if status == 400 { promise.reject(sequence, sink: sink) }
            return #"{"create":{"status":\#(status)}}"#
        }
        return #"{"errors":true,"items":[\#(items.joined(separator: ","))]}"#
    }

    private func putRecordsAnswer(_ isAccepted: [Bool]) -> String {
        let entries = isAccepted.map { accepted in
            accepted
                ? #"{"SequenceNumber":"1","ShardId":"s"}"#
                : #"{"ErrorCode":"InternalFailure","ErrorMessage":"m"}"#
        }
        return #"{"FailedRecordCount":0,"Records":[\#(entries.joined(separator: ","))]}"#
    }

    private func accept(_ sequence: UInt64, _ sink: Int) {
        promise.acknowledge(sequence, sink: sink)
        acknowledgedSince[sink] += 1
    }

    /// How many records the head record says are done with: those below the tail, and those
    /// behind it that are acknowledged.
    private func settled(_ tail: SinkTail) -> UInt64 {
        tail.tail + UInt64(Inspection.acknowledged(tail, below: .max).count)
    }

    private func settleStart(_ head: RingHead?, oldest: UInt64) {
        settledAtStart = sinks.map { sink in
            head?.sinkTail(of: sink.name).map { settled($0) } ?? oldest
        }
        acknowledgedSince = sinks.map { _ in 0 }
    }

    /// What this life has settled is acknowledged or counted as lost.
    private func checkCount() throws(Violation) {
        for sink in sinks.indices {
            let lost = gateway.sinks[sink].queue.lost
            let others =
                gateway.sinks[sink].queue.passed + gateway.sinks[sink].queue.rejected
            var settled = gateway.sinks[sink].queue.tail
            gateway.sinks[sink].queue.forEachAcknowledged(within: 1 << 20) { _ in settled += 1 }
            let expected = settledAtStart[sink] + acknowledgedSince[sink] + lost + others
            guard settled == expected else {
                throw Violation(
                    .notCounted,
                    "\(sinks[sink].name): \(settled) settled, \(settledAtStart[sink]) at the "
                        + "start, \(acknowledgedSince[sink]) acknowledged, \(lost) lost, "
                        + "\(others) passed over or rejected")
            }
        }
    }
}

extension SinkSettings.Kind {
    fileprivate var isKinesis: Bool { if case .kinesis = self { true } else { false } }
    /// It answers with a body.
    fileprivate var isService: Bool { if case .file = self { false } else { true } }
}

// MARK: - The next life

extension Machine {
    /// The power comes back, and `ring` is what was found.
    func restart(with ring: OpenedRing) {
        disk = ModelDisk(bytes: ring.bytes)
        goOn(with: ring)
    }

    /// The process is killed and started again; the system has lived on.
    func restartProcess() {
        if settings.fault != .opensWithoutASync { disk.sync() }
        let isForgotten = ![.opensFromTheCache, .opensWithoutASync].contains(settings.fault)
        if isForgotten { disk.forgetCached() }
        goOn(with: OpenedRing(disk.cache, geometry: geometry))
    }

    private func goOn(with ring: OpenedRing) {
        promise.restart(ring)
        session += 1
        start = ring.cursor.head
        now += 1_000_000_000
        job = nil
        requests = sinks.map { _ in nil }
        gateway = Self.gateway(
            settings, sinks, session: session, ring.cursor, ring.found.head, now: now)
        settleStart(ring.found.head, oldest: ring.cursor.oldest)
    }
}

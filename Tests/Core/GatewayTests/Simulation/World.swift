import Alarm
import Bytes
import Gateway
import RecordRing
import TestSupport
import Time
import Uplink
import Vitals
import WireFormat

/// A gateway with its sensors, card and services, and a clock that jumps from event to event.
/// Everything random comes from one seed, so a world that breaks a rule can be played again.
final class World {
    struct Request {
        let lines: [String]
        let due: Int64
    }

    let weather: Weather
    var random: RandomSource
    var gateway: Gateway
    var card: SimulatedCard
    var journal: Journal
    var statistics = Statistics()

    var now = 1_000 * second
    var session: UInt32 = 1
    var measurementsLeft: Int
    var measurementDue: Int64?
    var heartRates: [Double] = [140, 75]
    var alarms: [RateAlarm] = []
    var expectedAlarm: (sensor: Int, edge: AlarmEdge)?
    var cardDue: Int64?
    var cardFailedAt: Int64?
    /// Writes that failed, one after the other.
    var failedWrites = 0
    /// Until then every write fails, and reads too unless the card is read-only.
    var awayUntil: Int64 = 0
    var isReadOnly = false
    var writeBegan: Int64 = 0
    var requests: [Request?]
    /// Before this, the sink is left alone.
    var quietUntil: [Int64]
    var bodies = FixedBuffer(capacity: 1 << 16)
    var slots = FixedBuffer(capacity: 512 * Record.slotBytes)
    /// What each sink had before this process, and what it lost by reports since.
    var base: [UInt64] = []
    var reportedLost: [UInt64] = []
    var saidLost: [UInt64] = []
    /// The latest measurement of this process, with whose time gap records are stamped.
    var latest = Moment(monotonicNanoseconds: 0, wallMicroseconds: 0)
    var isPeaceful = false
    /// Memory had to give something up that the card had not taken.
    var hasGivenUp = false

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        weather = Weather(&random)
        card = SimulatedCard(slotCount: weather.slots)
        journal = Journal(sinks: weather.sinks.count)
        measurementsLeft = weather.measurements
        requests = weather.sinks.map { _ in nil }
        quietUntil = weather.sinks.map { _ in 0 }
        let settings = World.settings(weather, session: 1, seed: seed)
        gateway = Gateway(
            settings: settings,
            cursor: RingCursor(slotCount: weather.slots, oldest: 0, head: 0), head: nil, now: now)
        measurementDue = now
        begin()
    }

    static func settings(
        _ weather: Weather, session: UInt32, seed: UInt64
    ) -> GatewaySettings {
        GatewayTests.settings(
            sinks: weather.sinks, session: session, sync: weather.sync, window: weather.window,
            seed: seed)
    }

    func chance(percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: Life

    /// Runs until everything is delivered and synced. Answers the rule that was broken, if one was.
    func run() -> String? {
        perform()
        while journal.violation == nil {
            if measurementDue == nil && !isPeaceful { makePeace() }
            if isPeaceful && gateway.isDrained { break }
            guard let due = nextDue() else { return "nothing is due, and records are owed" }
            now = max(now, due)
            statistics.events += 1
            if statistics.events > 40_000 { return "it never ends" }
            // The worst moment for the power to go comes seldom by itself.
            let isWorst = card.holdsBothHeadsUnsynced
            let crashes = isWorst ? 20 * weather.crashes : weather.crashes
            if !isPeaceful && Int.random(in: 0..<1_000, using: &random) < crashes {
                crash()
            } else {
                carryOn()
            }
            perform()
        }
        endOfProcess()
        checkCard()
        journal.checkDelivery()
        if weather.isGentle && !hasGivenUp { journal.checkErrors() }
        let isTimely = weather.sinks.isEmpty || statistics.crashes > 0 || !weather.isGentle
        if !isTimely && gateway.counters.unsyncedGivenUp == 0 {
            for sink in gateway.sinks where sink.queue.lost > 0 {
                journal.violated("\(sink.queue.lost) lost and no reason for it")
            }
        }
        return journal.violation
    }

    func nextDue() -> Int64? {
        var due = gateway.deadline()
        for other in [measurementDue, cardDue] + requests.map({ $0?.due }) {
            if let other { due = min(due ?? other, other) }
        }
        return due
    }

    /// The one thing that is due now happens; a deadline of the gateway needs nothing but the time.
    func carryOn() {
        if let due = cardDue, due <= now { return finishCard() }
        for sink in requests.indices {
            if let request = requests[sink], request.due <= now {
                requests[sink] = nil
                return finish(request, sink: sink)
            }
        }
        if let due = measurementDue, due <= now { measure() }
    }

    /// The recording is over, the card and the network are well: everything gets where it belongs.
    func makePeace() {
        isPeaceful = true
        gateway.drain()
        perform()
    }

    // MARK: Sensors

    func measure() {
        measurementsLeft -= 1
        let pause = Int64.random(in: 0...weather.pauseNanoseconds, using: &random)
        measurementDue = measurementsLeft > 0 ? now + pause : nil
        let sensor = Int.random(in: 0..<2, using: &random)
        heartRates[sensor] += Double.random(in: -12...12, using: &random)
        heartRates[sensor] = min(max(heartRates[sensor], 40), 200)
        var rate = UInt16(heartRates[sensor])
        if chance(percent: 4) { rate = Bool.random(using: &random) ? 0 : 500 }
        if (1...300).contains(rate) { expect(rate, sensor: sensor) }
        let bytes = notification(rate)
        if rate > 300 { expectError(bytes, sensor: sensor) }
        if (1...300).contains(rate) { latest = moment }
        excusing(gaps: false) {
            gateway.receive(
                bytes.span, sensor: sensor, time: moment, clock: .synced, now: now)
        }
    }

    /// What the ring or the memory gives up for a new record is excused. `gaps`: the new records
    /// are gap records.
    func excusing(gaps: Bool = true, _ body: () -> Void) {
        let givenUp = gateway.counters.unsyncedGivenUp
        let oldest = gateway.cursor.oldest
        let head = gateway.cursor.head
        body()
        if gaps { noteGaps(from: head) }
        let gone = gateway.counters.unsyncedGivenUp - givenUp
        if gone > 0 { hasGivenUp = true }
        journal.excuse(gateway.cursor.synced - gone..<gateway.cursor.synced)
        journal.excuse(oldest..<gateway.cursor.oldest)
    }

    /// Writes down the gap records that the gateway has put at its head behind `head`, and checks
    /// that they say what was lost.
    private func noteGaps(from head: UInt64) {
        for sequence in head..<gateway.cursor.head {
            slots.removeAll()
            gateway.copySlots(first: sequence, count: 1, into: &slots)
            guard let record = try? Record(decoding: slots.bytes),
                let sink = weather.sinks.firstIndex(where: { $0.name == Self.sink(of: record) })
            else { return journal.violated("\(sequence) is no gap or error record of a sink") }
            let device = gateway.settings.device
            let line = appendedText { $0.append(json: record, device: device.span) }
            journal.recorded(
                sequence: sequence, line: line, arrival: now, takers: takers(of: record))
            if case .rejection(let rejection) = record.payload {
                noteRejection(rejection, in: record, sink: sink)
            }
            guard case .gap(let gap) = record.payload else { continue }
            if gap.count == 0 || gap.lastSequence >= sequence || record.time != latest
                || gap.count > gap.lastSequence - gap.firstSequence + 1
            {
                journal.violated("a gap that cannot be: \(gap)")
            }
            saidLost[sink] += gap.count
        }
    }

    /// The sink that a record of the gateway's own is about.
    private static func sink(of record: Record) -> SensorName? {
        switch record.payload {
        case .gap: record.sensor
        case .rejection(let rejection): rejection.sink
        case .heartRate, .vital, .alarm, .patientStats, .refusedPost, .postedError: nil
        }
    }

    private func takers(of record: Record) -> [Bool] {
        weather.sinks.map { sink in
            switch record.payload {
            case .rejection, .refusedPost, .postedError:
                sink.takes == .errors || sink.takes == .all
            case .gap:
                sink.takes == .records || sink.takes == .all || record.sensor == sink.name
            case .heartRate, .vital, .alarm: sink.takes == .records || sink.takes == .all
            case .patientStats: sink.takes == .patientStats || sink.takes == .all
            }
        }
    }

    private func noteRejection(_ rejection: Rejection, in record: Record, sink: Int) {
        guard let original = rejection.original(in: record) else {
            return journal.violated("a sink has refused a notification")
        }
        // Of a gap record the times are not kept, so its line is another one.
        if case .gap = original.payload { return }
        let device = gateway.settings.device
        journal.rejected(
            appendedText { $0.append(json: original, device: device.span) }, sink: sink)
    }

    /// Writes down the error record that has to come of a value that no heart has.
    private func expectError(_ bytes: [UInt8], sensor: Int) {
        let record = Record(
            sequence: gateway.cursor.head, time: moment, clock: .synced,
            boot: BootID(high: 1, low: 2), session: session,
            sensor: gateway.settings.sensors[sensor].name,
            payload: .rejection(
                Rejection(bytes.span, of: .heartRateMeasurement, reason: .implausible)))
        let device = gateway.settings.device
        let line = appendedText { $0.append(json: record, device: device.span) }
        journal.recorded(
            sequence: record.sequence, line: line, arrival: now, takers: takers(of: record))
    }

    var moment: Moment {
        Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000)
    }

    /// Writes down what has to come of this heart rate: a record, and perhaps an alarm.
    func expect(_ rate: UInt16, sensor: Int) {
        let edge = alarms[sensor].judge(beatsPerMinute: rate, at: now)
        if let edge { expectedAlarm = (sensor, edge) }
        let record = Record(
            sequence: gateway.cursor.head, time: moment, clock: .synced,
            boot: BootID(high: 1, low: 2), session: session,
            sensor: gateway.settings.sensors[sensor].name,
            payload: .heartRate(HeartRateMeasurement(beatsPerMinute: rate)))
        let device = gateway.settings.device
        let line = appendedText { $0.append(json: record, device: device.span) }
        journal.recorded(
            sequence: record.sequence, line: line, arrival: now, takers: takers(of: record))
    }

    // MARK: Actions

    /// Carries out every action, and checks what has to hold whenever there is none.
    func perform() {
        while let action = nextAction() {
            statistics.actions += 1
            if expectedAlarm != nil && !action.isAlarm {
                return journal.violated("\(action) goes before the alarm")
            }
            switch action {
            case .alarm(let event): check(event)
            case .writeRing(let first, let count, let sync): write(first, count, sync: sync)
            case .readRing(let first, let count):
                card.begin(.read(first: first, count: count))
                scheduleCard()
            case .send(let sink): send(sink)
            case .report(let report): note(report)
            }
            if journal.violation != nil { return }
        }
        checkRest()
    }

    private func nextAction() -> Action? {
        var action: Action?
        excusing { action = gateway.nextAction(now: now) }
        return action
    }

    func check(_ event: AlarmEvent) {
        statistics.alarms += 1
        guard let expected = expectedAlarm, expected.sensor == event.sensor,
            expected.edge == event.edge, event.time == moment
        else { return journal.violated("an alarm that was not expected: \(event)") }
        expectedAlarm = nil
    }

    func write(_ first: UInt64, _ count: Int, sync: Bool) {
        writeBegan = now
        slots.removeAll()
        gateway.copySlots(first: first, count: count, into: &slots)
        let bytes = [UInt8](copying: slots.bytes)
        let pieces = (0..<count).map { index in
            Array(bytes[index * Record.slotBytes..<(index + 1) * Record.slotBytes])
        }
        card.begin(
            .write(first: first, slots: pieces, head: gateway.headRecord(), sync: sync))
        scheduleCard()
    }

    func scheduleCard() {
        let isStall = !isPeaceful && chance(percent: weather.cardStalls)
        let longest = isStall ? 5 * second : 30 * millisecond
        cardDue = now + Int64.random(in: 0...longest, using: &random)
    }

    func send(_ sink: Int) {
        let count = gateway.encode(sink: sink, into: &bodies, now: now)
        let lines = requestLines([UInt8](copying: bodies.bytes))
        if now < quietUntil[sink] { journal.violated("sink \(sink) is not left alone") }
        if count != lines.count { journal.violated("\(count) records are \(lines.count) lines") }
        journal.sent(lines)
        let longest = chance(percent: 10) ? 20 * second : 300 * millisecond
        requests[sink] = Request(
            lines: lines, due: now + Int64.random(in: 0...longest, using: &random))
        statistics.requests += 1
        if gateway.sinks[sink].queue.leftCount > 0 { statistics.leftBehind += 1 }
    }

    func note(_ report: Report) {
        if case .requestSplit = report { statistics.splits += 1 }
        guard case .recordsLost(let sink, let count, _) = report else { return }
        reportedLost[sink] += count
    }

}

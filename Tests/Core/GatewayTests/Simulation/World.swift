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
    private var session: UInt32 = 1
    private var measurementsLeft: Int
    private var measurementDue: Int64?
    private var heartRates: [Double] = [140, 75]
    private var alarms: [RateAlarm] = []
    private var expectedAlarm: (sensor: Int, edge: AlarmEdge)?
    private var cardDue: Int64?
    private var cardFailedAt: Int64?
    private var failedReads = 0
    private var requests: [Request?]
    private var bodies = FixedBuffer(capacity: 1 << 15)
    private var slots = FixedBuffer(capacity: 512 * Record.slotBytes)
    /// What each sink had before this process, and what it lost by reports since.
    private var base: [UInt64] = []
    private var reportedLost: [UInt64] = []
    private var isPeaceful = false

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        weather = Weather(&random)
        card = SimulatedCard(slotCount: weather.slots)
        journal = Journal(sinks: weather.sinks.count)
        measurementsLeft = weather.measurements
        requests = weather.sinks.map { _ in nil }
        let settings = World.settings(weather, session: 1, seed: seed)
        gateway = Gateway(
            settings: settings,
            cursor: RingCursor(slotCount: weather.slots, oldest: 0, head: 0), head: nil, now: now)
        measurementDue = now
        begin()
    }

    private static func settings(
        _ weather: Weather, session: UInt32, seed: UInt64
    ) -> GatewaySettings {
        GatewayTests.settings(
            sinks: weather.sinks, session: session, sync: weather.sync, window: weather.window,
            seed: seed)
    }

    private func chance(percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

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
            if statistics.events > 20_000 { return "it never ends" }
            if !isPeaceful && Int.random(in: 0..<1_000, using: &random) < weather.crashes {
                crash()
            } else {
                carryOn()
            }
            perform()
        }
        endOfProcess()
        journal.checkDelivery()
        let isTimely = weather.sinks.isEmpty || statistics.crashes > 0 || !weather.isGentle
        if !isTimely && gateway.counters.unsyncedGivenUp == 0 {
            for sink in gateway.sinks where sink.queue.lost > 0 {
                journal.violated("\(sink.queue.lost) lost and no reason for it")
            }
        }
        return journal.violation
    }

    private func nextDue() -> Int64? {
        var due = gateway.deadline()
        for other in [measurementDue, cardDue] + requests.map({ $0?.due }) {
            if let other { due = min(due ?? other, other) }
        }
        return due
    }

    /// The one thing that is due now happens; a deadline of the gateway needs nothing but the time.
    private func carryOn() {
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
    private func makePeace() {
        isPeaceful = true
        gateway.drain()
        perform()
    }

    // MARK: Sensors

    private func measure() {
        measurementsLeft -= 1
        let pause = Int64.random(in: 0...weather.pauseNanoseconds, using: &random)
        measurementDue = measurementsLeft > 0 ? now + pause : nil
        let sensor = Int.random(in: 0..<2, using: &random)
        heartRates[sensor] += Double.random(in: -12...12, using: &random)
        heartRates[sensor] = min(max(heartRates[sensor], 40), 200)
        var rate = UInt16(heartRates[sensor])
        if chance(percent: 4) { rate = Bool.random(using: &random) ? 0 : 500 }
        if (1...300).contains(rate) { expect(rate, sensor: sensor) }
        let givenUp = gateway.counters.unsyncedGivenUp
        let oldest = gateway.cursor.oldest
        let bytes = notification(rate)
        gateway.receive(
            bytes.span, sensor: sensor, time: moment, clock: .synced, now: now)
        if gateway.counters.unsyncedGivenUp > givenUp {
            journal.excuse(gateway.cursor.synced - 1..<gateway.cursor.synced)
        }
        journal.excuse(oldest..<gateway.cursor.oldest)
    }

    private var moment: Moment {
        Moment(monotonicNanoseconds: now, wallMicroseconds: now / 1_000)
    }

    /// Writes down what has to come of this heart rate: a record, and perhaps an alarm.
    private func expect(_ rate: UInt16, sensor: Int) {
        let edge = alarms[sensor].judge(beatsPerMinute: rate, at: now)
        if let edge { expectedAlarm = (sensor, edge) }
        let record = Record(
            sequence: gateway.cursor.head, time: moment, clock: .synced,
            boot: BootID(high: 1, low: 2), session: session,
            sensor: gateway.settings.sensors[sensor].name,
            payload: .heartRate(HeartRateMeasurement(beatsPerMinute: rate)))
        let device = gateway.settings.device
        let line = appendedText { $0.append(json: record, device: device.span) }
        journal.recorded(sequence: record.sequence, line: line, arrival: now)
    }

    // MARK: Actions

    /// Carries out every action, and checks what has to hold whenever there is none.
    private func perform() {
        while let action = gateway.nextAction(now: now) {
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

    private func check(_ event: AlarmEvent) {
        statistics.alarms += 1
        guard let expected = expectedAlarm, expected.sensor == event.sensor,
            expected.edge == event.edge, event.time == moment
        else { return journal.violated("an alarm that was not expected: \(event)") }
        expectedAlarm = nil
    }

    private func write(_ first: UInt64, _ count: Int, sync: Bool) {
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

    private func scheduleCard() {
        let isStall = !isPeaceful && chance(percent: weather.cardStalls)
        let longest = isStall ? 5 * second : 30 * millisecond
        cardDue = now + Int64.random(in: 0...longest, using: &random)
    }

    private func send(_ sink: Int) {
        let count = gateway.encode(sink: sink, into: &bodies, now: now)
        let lines = requestLines([UInt8](copying: bodies.bytes))
        if count != lines.count { journal.violated("\(count) records are \(lines.count) lines") }
        journal.sent(lines)
        let longest = chance(percent: 10) ? 20 * second : 300 * millisecond
        requests[sink] = Request(
            lines: lines, due: now + Int64.random(in: 0...longest, using: &random))
        statistics.requests += 1
    }

    private func note(_ report: Report) {
        guard case .recordsLost(let sink, let count, _) = report else { return }
        reportedLost[sink] += count
    }

    // MARK: Answers

    private func finishCard() {
        cardDue = nil
        let fails = !isPeaceful && chance(percent: weather.cardTrouble)
        guard case .read(let first, let count) = card.job else {
            if fails {
                card.fail(&random)
                cardFailedAt = now
                return gateway.ringFailed(now: now)
            }
            card.finishWrite()
            return gateway.ringWritten(now: now)
        }
        if fails {
            card.fail(&random)
            failedReads += 1
            if failedReads == Limits.readAttempts {
                failedReads = 0
                journal.excuse(first..<first + UInt64(count))
            }
            return gateway.ringFailed(now: now)
        }
        failedReads = 0
        statistics.reads += 1
        let bytes = card.finishRead()
        gateway.ringRead(bytes.span)
    }

    private func answer(to request: Request, sink: Int) -> SimulatedAnswer {
        let hasTrouble = !isPeaceful && chance(percent: weather.serviceTrouble[sink])
        let count = request.lines.count
        if case .file = weather.sinks[sink].kind {
            return SimulatedService.file(count: count, hasTrouble: hasTrouble, &random)
        }
        return SimulatedService.kinesis(count: count, hasTrouble: hasTrouble, &random)
    }

    private func finish(_ request: Request, sink: Int) {
        let answer = answer(to: request, sink: sink)
        journal.stored(request.lines, answer, sink: sink, session: session)
        let before = gateway.sinks[sink].queue.acknowledged
        switch answer.reply {
        case .delivered: gateway.sinkDelivered(sink: sink, now: now)
        case .none: gateway.sinkFailed(sink: sink, now: now)
        case .http(let status, let text, let retryAfter):
            let body = Array(text.utf8)
            gateway.sinkAnswered(
                sink: sink, status: status, body: body.span, retryAfterNanoseconds: retryAfter,
                now: now)
        }
        let acknowledged = gateway.sinks[sink].queue.acknowledged - before
        if acknowledged != UInt64(answer.acknowledged.count { $0 }) {
            journal.violated("\(acknowledged) are acknowledged by \(answer)")
        }
    }

    // MARK: Rules

    /// What holds whenever there is nothing to do.
    private func checkRest() {
        if expectedAlarm != nil { journal.violated("an alarm is missing") }
        if let deadline = gateway.deadline(), deadline <= now {
            journal.violated("the deadline \(deadline - now) ns ago has nothing to do")
        }
        for (index, sink) in gateway.sinks.enumerated() {
            let owed = gateway.cursor.head - base[index]
            if sink.sum(head: gateway.cursor.head) != owed {
                journal.violated("\(owed) owed are not acknowledged, lost and waiting")
            }
        }
        checkSync()
    }

    /// A card that works has every record within the sync interval.
    private func checkSync() {
        let hasFailed = cardFailedAt.map { now - $0 <= Limits.diskRetryNanoseconds } ?? false
        guard card.job == nil, !hasFailed, gateway.cursor.unsyncedCount > 0 else { return }
        guard let arrival = journal.arrival(of: gateway.cursor.synced) else {
            return journal.violated("an unknown record waits for its sync")
        }
        if arrival + weather.sync <= now { journal.violated("a sync is overdue") }
    }

    /// Reports say what the counters say.
    private func endOfProcess() {
        guard gateway.counters.reportsDropped == 0 else { return }
        for (index, sink) in gateway.sinks.enumerated() where sink.queue.lost > 0 {
            statistics.lost += sink.queue.lost
            if sink.queue.lost != reportedLost[index] {
                journal.violated("\(sink.queue.lost) lost, \(reportedLost[index]) reported")
            }
        }
    }

    // MARK: Restarts

    private func crash() {
        endOfProcess()
        statistics.crashes += 1
        let cursor = gateway.cursor
        journal.excuse(cursor.synced..<cursor.head)
        for sink in requests.indices {
            if let request = requests[sink] {
                let answer = answer(to: request, sink: sink)
                journal.stored(request.lines, answer, sink: sink, session: session)
            }
            requests[sink] = nil
        }
        if Bool.random(using: &random) {
            card.cutPower(&random)
        } else {
            card.killProcess(&random)
        }
        cardDue = nil
        cardFailedAt = nil
        failedReads = 0
        if chance(percent: weather.damage), cursor.head > cursor.oldest {
            let sequence = UInt64.random(in: cursor.oldest..<cursor.head, using: &random)
            journal.excuse(sequence..<sequence + 1)
            card.damage(place: sequence % weather.slots, &random)
        }
        now += Int64.random(in: 0...10 * second, using: &random)
        if let due = measurementDue { measurementDue = max(due, now) }
        restart()
    }

    private func restart() {
        let found = card.recover()
        session += 1
        if weather.damage == 0 && found.cursor.head < card.syncedEnd {
            journal.violated("synced to \(card.syncedEnd), found \(found.cursor.head)")
        }
        gateway = Gateway(
            settings: World.settings(weather, session: session, seed: UInt64(session)),
            cursor: found.cursor, head: found.head, now: now)
        begin()
        for (index, sink) in gateway.sinks.enumerated() {
            guard let kept = card.syncedHead?.sinkTail(of: sink.settings.name) else { continue }
            if sink.queue.tail < kept.tail {
                journal.violated("sink \(index) had \(kept.tail), begins with \(sink.queue.tail)")
            }
            journal.kept(sink: index, upTo: kept.tail, beyond: kept.acknowledged)
        }
    }

    /// A process begins: its alarms and its sums do.
    private func begin() {
        alarms = gateway.settings.sensors.map { RateAlarm(limits: $0.limits) }
        expectedAlarm = nil
        reportedLost = gateway.sinks.map { _ in 0 }
        let head = gateway.cursor.head
        base = gateway.sinks.map { head - $0.sum(head: head) }
    }
}

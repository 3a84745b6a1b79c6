public import Alarm
import Bytes
import RecordRing
public import Time

// Alarms are decided by the panel (Core/Alarm); here it is told what happens in the gateway, and
// what it says becomes actions and records.
extension Gateway {
    /// The high heart rate alarm of a sensor as it stands.
    public func alarm(sensor: Int) -> RateAlarm { panel.rateAlarm(sensor: sensor) }

    mutating func judge(_ value: UInt16, sensor: Int, time: Moment, now: Int64) {
        panel.judge(value, sensor: sensor, measuredAt: time.monotonicNanoseconds, now: now)
        takeChanges(at: time)
    }

    mutating func noteLatest(_ time: Moment, _ clock: ClockState, now: Int64) {
        latest = (time, clock)
        latestNow = now
    }

    /// The sensor lives and has no heart rate to give.
    mutating func noteOffSkin(_ isOff: Bool, sensor: Int, now: Int64) {
        guard settings.manners != nil else { return }
        panel.heard(sensor: sensor, now: now)
        panel.note(.offSkin, isOff, of: .sensor(sensor), now: now)
    }

    /// What the way to the sensor has found out: `frozen` or `batteryLow`.
    public mutating func note(
        _ condition: AlarmCondition, _ isPresent: Bool, sensor: Int, now: Int64
    ) {
        guard settings.manners != nil else { return }
        panel.note(condition, isPresent, of: .sensor(sensor), now: now)
        takeChanges(at: moment(at: now))
    }

    /// Something of the sensor has come that is not for the gateway to judge.
    public mutating func heard(sensor: Int, now: Int64) {
        guard settings.manners != nil else { return }
        panel.heard(sensor: sensor, now: now)
        takeChanges(at: moment(at: now))
    }

    /// Somebody has heard the alarms. Answers how many sounded.
    @discardableResult
    public mutating func acknowledgeAlarms(now: Int64) -> Int {
        let count = panel.acknowledge(now: now)
        takeChanges(at: moment(at: now))
        return count
    }

    /// Lamp and buzzer are tried, on the way that every alarm takes.
    public mutating func testAlarm(now: Int64) {
        panel.beginTest(now: now)
        takeChanges(at: moment(at: now))
    }

    /// What the clock is worth, whether a measurement comes or not.
    public mutating func noteClock(_ state: ClockState) { latest.clock = state }

    /// The next change of an alarm; it is in the log when it is handed out.
    mutating func nextAlarm(now: Int64) -> AlarmEvent? {
        lastNow = now
        if alarmEvents.isEmpty {
            if settings.manners != nil, !isDraining { watchItself(now: now) }
            panel.advance(to: now)
            takeChanges(at: moment(at: now))
        }
        guard let event = alarmEvents.popFirst() else { return nil }
        keep(event, now: now)
        return event
    }

    /// Tells the panel which conditions of the gateway itself are there.
    private mutating func watchItself(now: Int64) {
        var losesRecords = refused != nil
        for index in sinks.indices {
            let sink = sinks[index]
            if sink.overwritten != nil { losesRecords = true }
            panel.note(
                .uplinkDown, sink.isFailing || sink.isSuspended, of: .sink(index), now: now)
        }
        panel.note(.ringFull, losesRecords, of: .gateway, now: now)
        panel.note(.ringFailing, ringTrouble != nil, of: .gateway, now: now)
        panel.note(.clockUnsynced, latest.clock == .unsynced, of: .gateway, now: now)
    }

    /// The time of what happens at `now`: so long after the latest measurement's. The gateway has
    /// no clock of its own.
    private func moment(at now: Int64) -> Moment {
        let passed = max(0, now - latestNow)
        return Moment(
            monotonicNanoseconds: latest.time.monotonicNanoseconds + passed,
            wallMicroseconds: latest.time.wallMicroseconds + passed / 1_000)
    }

    mutating func takeChanges(at time: Moment) {
        while let change = panel.nextChange() {
            if change.edge == .raise { raisedCounts[Int(change.condition.rawValue)] += 1 }
            switch (change.edge, change.condition.isRate) {
            case (.raise, true): counters.alarmsRaised += 1
            case (.raise, false): counters.technicalAlarmsRaised += 1
            case (.clear, true): counters.alarmsCleared += 1
            default: break
            }
            let taken = alarmEvents.append(
                AlarmEvent(
                    condition: change.condition, source: change.source, edge: change.edge,
                    beatsPerMinute: change.beatsPerMinute, time: time))
            precondition(taken, "alarm edges are carried out before the next input")
        }
    }

    /// Puts the event into the log: a record like others. Nothing new is written while the last
    /// records are on their way out.
    private mutating func keep(_ event: AlarmEvent, now: Int64) {
        guard let manners = settings.manners, !isDraining else { return }
        guard !isFull else { return refuse(event.time) }
        var name = SensorName()
        var limit: UInt16 = 0
        switch event.source {
        case .gateway: break
        case .sink(let sink): name = sinks[sink].settings.name
        case .sensor(let sensor):
            name = settings.sensors[sensor].name
            if event.condition.isRate {
                limit =
                    panel.rateAlarm(
                        sensor: sensor, side: event.condition == .highRate ? .high : .low
                    ).limitBeatsPerMinute
            }
        }
        let rule = event.condition.rule
        let pauses = event.edge == .acknowledge && rule.pause == .forTheTime
        append(
            Record(
                sequence: cursor.head, time: event.time, clock: latest.clock, boot: settings.boot,
                session: settings.session, sensor: name,
                payload: .alarm(
                    AlarmNote(
                        condition: event.condition, edge: event.edge, priority: rule.priority,
                        beatsPerMinute: event.beatsPerMinute, limitBeatsPerMinute: limit,
                        pauseSeconds: pauses
                            ? UInt16(clamping: manners.pauseNanoseconds / 1_000_000_000) : 0))),
            now: now)
        counters.alarmsRecorded += 1
    }
}

import Bytes

/// Where alarms are decided: every alarm of the gateway, and what lamp and buzzer say of them.
///
/// ```
///                 condition lasts          acknowledge
///  heart rate ─▶ RateAlarm ──┐            ┌───────────▶ pause ── over ──▶ sounds again
///  technical ──▶ onset delay ┴─▶ raised ──┤ higher priority, or a heart rate: breaks through
///                                 lamp on └─ clears ──▶ lamp off; the sound of a heart rate alarm
///                                                       stays until it is acknowledged
/// ```
///
/// What it is told: heart rates, and which conditions are there. It has no clock, and after its
/// start it allocates nothing. Four rules hold whatever comes:
///
/// - A heart rate beyond its limit for the onset delay raises its alarm with the value that
///   completes the delay, whatever else is wrong.
/// - Only a heart rate clears a heart rate alarm. Where the sensor cannot say one any more (off the
///   skin, frozen, lost), acknowledging ends it: a technical fault never silences a person's alarm,
///   and no lamp stays on that nothing could put out.
/// - The lamp is on exactly while an alarm is raised.
/// - A sound ends by acknowledging, or, for technical alarms, after at least one full burst.
public struct AlarmPanel: ~Copyable {
    public let manners: AlarmManners
    /// Every alarm that there may be: those of the sensors, of the sinks, of the gateway.
    public private(set) var entries: [AlarmEntry]
    private var high: [RateAlarm]
    private var low: [RateAlarm]
    /// A value of the sensor has come.
    private var isHeard: [Bool]
    private let sinkCount: Int
    private var changes: FixedQueue<AlarmChange>
    /// Nothing is due before: may be too early, never too late.
    private var nextDue = Int64.max
    private var isWatchingSilence: Bool
    /// Until when somebody who has just heard an alarm wants those quiet that are no more urgent,
    /// by priority.
    private var quietUntil = InlineArray<4, Int64>(repeating: .min)

    /// For a lamp that shows alarms alone.
    public private(set) var lamp = LampPattern.dark
    /// For a lamp that shows how the gateway is.
    public private(set) var status = LampPattern.noSensor
    public private(set) var sound = SoundPattern.silent
    /// When the sound that plays began (monotonic nanoseconds).
    public private(set) var soundSince: Int64 = 0

    /// `limits` are those of the sensors. Without `watchesSilence` no sensor is ever lost.
    public init(
        limits: [RateLimits], sinkCount: Int, manners: AlarmManners = AlarmManners(),
        watchesSilence: Bool = true
    ) {
        self.manners = manners
        isWatchingSilence = watchesSilence
        self.sinkCount = sinkCount
        high = limits.map { RateAlarm(limits: $0, side: .high) }
        low = limits.map { RateAlarm(limits: $0, side: .low) }
        isHeard = limits.map { _ in false }
        entries = []
        for sensor in limits.indices {
            entries += AlarmCondition.ofSensor.map {
                AlarmEntry(condition: $0, source: .sensor(sensor))
            }
        }
        for sink in 0..<sinkCount {
            entries.append(AlarmEntry(condition: .uplinkDown, source: .sink(sink)))
        }
        entries += AlarmCondition.ofGateway.map { AlarmEntry(condition: $0, source: .gateway) }
        changes = FixedQueue(capacity: 4 * entries.count)
        for index in entries.indices {
            precondition(
                place(of: entries[index].condition, entries[index].source) == index,
                "every alarm lies in its place")
        }
    }

    /// The oldest change that nobody has taken yet.
    public mutating func nextChange() -> AlarmChange? { changes.popFirst() }

    /// When `advance` has something to do by itself; nil for never.
    public var deadline: Int64? { nextDue == .max ? nil : nextDue }

    public func rateAlarm(sensor: Int, side: RateSide = .high) -> RateAlarm {
        side == .high ? high[sensor] : low[sensor]
    }

    public func entry(_ condition: AlarmCondition, of source: AlarmSource) -> AlarmEntry {
        entries[place(of: condition, source)]
    }

    /// Both kinds of signs on one lamp: a person's alarm before what is wrong with the gateway.
    public var combined: LampPattern {
        lamp == .highAlarm || lamp == .highPaused ? lamp : status
    }

    private func place(of condition: AlarmCondition, _ source: AlarmSource) -> Int {
        let perSensor = AlarmCondition.perSensor
        switch source {
        case .sensor(let sensor):
            precondition(condition.rawValue <= perSensor, "a sensor has alarms of its own kinds")
            precondition(high.indices.contains(sensor), "a sensor is one of the panel's")
            return sensor * perSensor + Int(condition.rawValue) - 1
        case .sink(let sink):
            precondition(
                condition == .uplinkDown && sink >= 0 && sink < sinkCount,
                "a sink is one of the panel's, and may be down")
            return high.count * perSensor + sink
        case .gateway:
            let first = high.count * perSensor + sinkCount
            switch condition {
            case .ringFull: return first
            case .ringFailing: return first + 1
            case .clockUnsynced: return first + 2
            case .test: return first + 3
            default: preconditionFailure("the gateway has alarms of its own kinds")
            }
        }
    }
}

// MARK: - What it is told

extension AlarmPanel {
    /// A heart rate of a worn sensor; `measuredAt` is its own time, which in a replay passes
    /// faster than `now`.
    public mutating func judge(
        _ beatsPerMinute: UInt16, sensor: Int, measuredAt: Int64, now: Int64
    ) {
        heard(sensor: sensor, now: now)
        note(.offSkin, false, of: .sensor(sensor), now: now)
        note(.frozen, false, of: .sensor(sensor), now: now)
        if let edge = high[sensor].judge(beatsPerMinute: beatsPerMinute, at: measuredAt) {
            move(.highRate, edge, sensor, beatsPerMinute, now)
        }
        if low[sensor].limits.lowBeatsPerMinute != nil,
            let edge = low[sensor].judge(beatsPerMinute: beatsPerMinute, at: measuredAt)
        {
            move(.lowRate, edge, sensor, beatsPerMinute, now)
        }
    }

    private mutating func move(
        _ condition: AlarmCondition, _ edge: AlarmEdge, _ sensor: Int, _ value: UInt16,
        _ now: Int64
    ) {
        let index = place(of: condition, .sensor(sensor))
        entries[index].beatsPerMinute = value
        entries[index].presentSince = edge == .raise ? now : nil
        if edge == .raise { raise(index, now) } else { clear(index, now) }
        settle(now)
    }

    /// The sensor lives: something of it has come, whatever it says.
    public mutating func heard(sensor: Int, now: Int64) {
        let index = place(of: .sensorLost, .sensor(sensor))
        let isNews = !isHeard[sensor] || entries[index].isRaised
        isHeard[sensor] = true
        entries[index].presentSince = isWatchingSilence ? now : nil
        guard isNews else { return }
        if entries[index].isRaised { clear(index, now) }
        settle(now)
    }

    /// A sensor that sends now and then, as a cuff does, is there; its silence means nothing.
    public mutating func seen(sensor: Int, now: Int64) {
        guard !isHeard[sensor] else { return }
        isHeard[sensor] = true
        settle(now)
    }

    /// A technical condition is there or not, as whoever sees it says. Nothing happens when it
    /// was said before.
    public mutating func note(
        _ condition: AlarmCondition, _ isPresent: Bool, of source: AlarmSource, now: Int64
    ) {
        precondition(
            !condition.isRate && condition != .sensorLost, "heart rates and silence are judged here"
        )
        let index = place(of: condition, source)
        guard isPresent != (entries[index].presentSince != nil) else { return }
        if isPresent {
            entries[index].presentSince = now
            if case .sensor(let sensor) = source, condition != .batteryLow {
                high[sensor].interrupt()
                low[sensor].interrupt()
            }
            if condition.rule.onsetNanoseconds == 0 { raise(index, now) }
        } else {
            entries[index].presentSince = nil
            if entries[index].isRaised { clear(index, now) }
        }
        settle(now)
    }

    /// Lamp and buzzer are tried for one burst.
    public mutating func beginTest(now: Int64) { note(.test, true, of: .gateway, now: now) }

    /// No more input will come: silence is no news any more.
    public mutating func endInput(now: Int64) {
        isWatchingSilence = false
        for sensor in high.indices {
            let index = place(of: .sensorLost, .sensor(sensor))
            entries[index].presentSince = nil
            if entries[index].isRaised { clear(index, now) }
        }
        settle(now)
    }

    /// Another person wears the sensor: what was raised is about somebody else.
    public mutating func forget(sensor: Int, now: Int64) {
        high[sensor].reset()
        low[sensor].reset()
        isHeard[sensor] = false
        for condition in AlarmCondition.ofSensor {
            let index = place(of: condition, .sensor(sensor))
            entries[index].presentSince = nil
            entries[index].beatsPerMinute = 0
            if entries[index].isRaised { clear(index, now) }
            entries[index].sound = .silent
        }
        settle(now)
    }

    /// A person has heard what sounds. Answers how many alarms that were.
    @discardableResult
    public mutating func acknowledge(now: Int64) -> Int {
        var count = 0
        for index in entries.indices where entries[index].isAudible {
            count += 1
            entries[index].sound = .silent
            say(index, .acknowledge)
            keepQuiet(
                entries[index].condition.rule.priority, until: now + manners.pauseNanoseconds)
            guard entries[index].isRaised else { continue }
            if case .sensor(let sensor) = entries[index].source, entries[index].condition.isRate,
                cannotSay(sensor)
            {
                high[sensor].reset()
                low[sensor].reset()
                clear(index, now)
                entries[index].sound = .silent
                continue
            }
            entries[index].sound = .paused(
                until: entries[index].condition.rule.pause == .forTheTime
                    ? now + manners.pauseNanoseconds : .max)
        }
        settle(now)
        return count
    }

    /// The sensor has no heart rate to give: no value will clear its alarm soon.
    private func cannotSay(_ sensor: Int) -> Bool {
        entry(.offSkin, of: .sensor(sensor)).presentSince != nil
            || entry(.frozen, of: .sensor(sensor)).presentSince != nil
            || entry(.sensorLost, of: .sensor(sensor)).isRaised
    }

    /// Lets time pass: delays, pauses and bursts that end.
    public mutating func advance(to now: Int64) {
        guard now >= nextDue else { return }
        for index in entries.indices {
            if let due = onset(of: entries[index]), now >= due { raise(index, now) }
            switch entries[index].sound {
            case .paused(let until) where now >= until:
                entries[index].sound = entries[index].isRaised ? .sounding(since: now) : .silent
                if entries[index].isRaised { say(index, .resound) }
            case .finishing(let until) where now >= until: entries[index].sound = .silent
            default: break
            }
            if let due = testEnd(of: entries[index]), now >= due {
                entries[index].presentSince = nil
                clear(index, now)
            }
        }
        settle(now)
    }
}

// MARK: - What follows

extension AlarmPanel {
    private mutating func raise(_ index: Int, _ now: Int64) {
        guard !entries[index].isRaised else { return }
        entries[index].raisedSince = now
        say(index, .raise)
        // Its own pause goes on: a heart rate that dances on the limit is not a new alarm.
        if entries[index].pausedUntil != nil { return }
        let rule = entries[index].condition.rule
        let until = quietUntil[Int(rule.priority.rawValue)]
        entries[index].sound =
            !rule.breaksPauses && until > now ? .paused(until: until) : .sounding(since: now)
    }

    private mutating func keepQuiet(_ priority: AlarmPriority, until time: Int64) {
        for lower in 1...Int(priority.rawValue) { quietUntil[lower] = max(quietUntil[lower], time) }
    }

    private mutating func clear(_ index: Int, _ now: Int64) {
        entries[index].raisedSince = nil
        say(index, .clear)
        let rule = entries[index].condition.rule
        switch entries[index].sound {
        case .sounding(let since) where !rule.latches:
            let burst = SoundPattern(rule.priority).pattern.burstNanoseconds
            entries[index].sound = .finishing(until: max(now, since + burst))
        case .paused(.max): entries[index].sound = .silent
        default: break
        }
    }

    private mutating func say(_ index: Int, _ edge: AlarmEdge) {
        let entry = entries[index]
        let taken = changes.append(
            AlarmChange(
                condition: entry.condition, source: entry.source, edge: edge,
                beatsPerMinute: entry.beatsPerMinute))
        precondition(taken, "changes are taken before the next input")
    }

    /// When a condition that is there becomes an alarm; nil when it is one or is not there.
    private func onset(of entry: AlarmEntry) -> Int64? {
        guard !entry.isRaised, !entry.condition.isRate, let since = entry.presentSince else {
            return nil
        }
        if entry.condition == .sensorLost { return since + manners.sensorLostNanoseconds }
        return since + entry.condition.rule.onsetNanoseconds
    }

    private func testEnd(of entry: AlarmEntry) -> Int64? {
        guard entry.condition == .test, let since = entry.raisedSince else { return nil }
        return since + SoundPattern.high.pattern.burstNanoseconds
    }

    /// Works out what lamp and buzzer say now, and when something is due.
    private mutating func settle(_ now: Int64) {
        var shown: AlarmPriority?
        var isActive = false
        var heard: AlarmPriority?
        var due = Int64.max
        for entry in entries {
            let priority = entry.condition.rule.priority
            if entry.isRaised {
                if priority > shown ?? .low || shown == nil {
                    (shown, isActive) = (priority, false)
                }
                if shown == priority, entry.pausedUntil == nil { isActive = true }
            }
            if entry.isAudible { heard = max(heard ?? priority, priority) }
            if let time = onset(of: entry) { due = min(due, time) }
            if let time = testEnd(of: entry) { due = min(due, time) }
            switch entry.sound {
            case .paused(let until), .finishing(let until): due = min(due, until)
            case .silent, .sounding: break
            }
        }
        nextDue = due
        switch shown {
        case nil: lamp = .dark
        case .low: lamp = .lowAlarm
        case .medium: lamp = isActive ? .mediumAlarm : .mediumPaused
        case .high: lamp = isActive ? .highAlarm : .highPaused
        }
        status = statusPattern
        let next = SoundPattern(heard)
        if next != sound { soundSince = now }
        sound = next
    }

    /// What is wrong with the gateway, the most urgent first.
    private var statusPattern: LampPattern {
        var worst = isHeard.contains(true) ? LampPattern.allWell : .noSensor
        for entry in entries where entry.isRaised {
            let sign: LampPattern =
                switch entry.condition {
                case .sensorLost: .noSensor
                case .offSkin, .frozen: .noValue
                case .uplinkDown: .uplinkDown
                case .ringFull, .ringFailing: .ringTrouble
                case .clockUnsynced: .clockUnsynced
                case .batteryLow: .batteryLow
                case .highRate, .lowRate, .test: .allWell
                }
            guard sign != .allWell else { continue }
            if worst == .allWell || sign.rawValue < worst.rawValue { worst = sign }
        }
        return worst
    }

    /// How long the pause that ends first still lasts, in whole seconds begun; nil when none runs
    /// that time ends.
    public func pauseSecondsLeft(now: Int64) -> Int64? {
        var left: Int64?
        for entry in entries {
            guard entry.isRaised, let until = entry.pausedUntil, until < .max else { continue }
            let seconds = (max(0, until - now) + 999_999_999) / 1_000_000_000
            left = min(left ?? seconds, seconds)
        }
        return left
    }
}

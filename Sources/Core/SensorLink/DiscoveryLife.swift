import Uplink

/// Our discovery session. BlueZ keeps one for each bus connection; what another program does
/// with its own is not ours to know.
struct DiscoveryLife {
    enum State: UInt8 {
        case off
        case filtering
        case starting
        case on
        case stopping
    }

    var state = State.off
    var call: PendingCall?
    /// It may be on although `state` says off: the answer to its start was lost.
    var isUnsure = false
    var unansweredStops = 0
    /// When it is stopped again because of that.
    var stopAt: Int64 = 0
    /// Transport and RSSI limit have been set since the adapter was switched on.
    var filterIsSet = false
    var retryAt: Int64
    var backoff = Backoff(baseNanoseconds: second / 2, capNanoseconds: 10 * second)
    /// The latest start, or when what came of it was lost.
    var onSince: Int64
    var offSince: Int64
    /// The latest advertisement of any device, or the first start since there was none to hope for.
    var quietSince: Int64
    /// Not before this, where discovery takes turns.
    var pauseUntil: Int64
    /// The sensor that is tried without a sighting, for which discovery was stopped.
    var leftFor: Int?
    /// The latest of the shared rungs of a round that is under way, the rounds since the latest
    /// advertisement, and when the last rung was climbed or withheld.
    var quietRung: Rung?
    var quietRounds = 0
    var quietClimbedAt: Int64
    /// Losses of links while discovering.
    var strikes = 0
    var struckAt: Int64
    var gentleUntil: Int64

    init(now: Int64) {
        retryAt = now
        onSince = now
        offSince = now
        quietSince = now
        pauseUntil = now
        quietClimbedAt = now
        struckAt = now
        gentleUntil = now
    }

    /// It was stopped twice without an answer: an attempt to connect that is slow under discovery
    /// is better than none.
    var isHardToStop: Bool { unansweredStops >= 2 }

    mutating func sighted(_ now: Int64) {
        quietSince = now
        quietClimbedAt = now
        endQuietRounds()
    }

    mutating func endQuietRounds() {
        quietRung = nil
        quietRounds = 0
    }

    /// A link was lost while discovering; answers true when it is the second within 5 minutes:
    /// for half an hour discovery takes turns then, so that the radio has time for its links.
    mutating func lossWhileOn(_ now: Int64) -> Bool {
        strikes = now - struckAt <= 300 * second ? strikes + 1 : 1
        struckAt = now
        guard strikes == 2 else { return false }
        gentleUntil = now + 1_800 * second
        strikes = 0
        return true
    }
}

extension LinkSupervisor {
    /// How much somebody is missing.
    enum Demand: UInt8 {
        case none
        /// Only indices of choices that have a sensor already, or whose device went long ago.
        case occasional
        case constant
    }

    /// Turns and pauses: an unmissed sensor is looked for 10 s a minute; 10.24 s is the round after
    /// which the kernel starts a scan anew and shows devices that its filter has hidden.
    private static let occasionalTurn = 11 * second
    private static let occasionalPause = 50 * second
    private static let gentleTurn = 5 * second
    private static let gentlePause = 15 * second
    /// A sensor in trouble that was not linked for so long has gone away.
    private static let troubleEnds = 300 * second
    /// Discovering must have become true after an answer for so long.
    private static let starts = 5 * second

    func demand() -> Demand {
        if settings.discoversAlways { return .constant }
        var demand = Demand.none
        for index in sensors.indices {
            guard sensors[index].isEnabled, sensors[index].phase == .idle,
                !isReadyToConnect(index)
            else { continue }
            if !isOptional(index) { return .constant }
            demand = .occasional
        }
        return demand
    }

    /// Nobody misses it: another index of its choice has a device, and its own has none, or one
    /// that went long ago.
    private func isOptional(_ index: Int) -> Bool {
        let choice = sensors[index].choice
        guard settings.choices[choice].slots > 1, sensors[index].device == nil else { return false }
        if sensors[index].address != nil {
            return time - sensors[index].absentSince > settings.deadlines.hold
        }
        return sensors.contains { $0.choice == choice && $0.address != nil }
    }

    private var isGentle: Bool { time < discovery.gentleUntil }

    /// Discovery is on in turns; nil: for as long as somebody is missing.
    private func turns(_ demand: Demand) -> (turn: Int64, pause: Int64)? {
        if demand == .occasional { return (Self.occasionalTurn, Self.occasionalPause) }
        let isStreaming = sensors.contains { $0.phase == .streaming }
        return isGentle && isStreaming ? (Self.gentleTurn, Self.gentlePause) : nil
    }

    private var isRadioTaken: Bool {
        nextConnection() != nil || sensors.contains { $0.holdsRadio }
    }

    mutating func stepDiscovery() {
        guard isReady, let adapter = radio.selected, discovery.call == nil else { return }
        let demand = demand()
        let wants = demand != .none && !isRadioTaken
        switch discovery.state {
        case .off:
            if discovery.isUnsure && time >= discovery.stopAt { return stopDiscovery(adapter) }
            guard wants, time >= discovery.retryAt else { return }
            if turns(demand) != nil && time < discovery.pauseUntil { return }
            startDiscovery(adapter)
        case .on:
            if let turns = turns(demand), time >= discovery.onSince + turns.turn {
                discovery.pauseUntil = time + turns.pause
                return stopDiscovery(adapter)
            }
            if wants, let due = blindDue, time >= due.at {
                discovery.leftFor = due.sensor
                return stopDiscovery(adapter)
            }
            if !wants { return stopDiscovery(adapter) }
            stepQuiet(adapter)
        default: return
        }
    }

    private mutating func startDiscovery(_ adapter: UInt8) {
        discovery.leftFor = nil
        guard discovery.filterIsSet else {
            discovery.state = .filtering
            discovery.call = begin(
                .setDiscoveryFilter(adapter: adapter, rssiLimit: weakestWanted),
                within: settings.deadlines.call)
            return
        }
        discovery.state = .starting
        counters.discoveryStarts += 1
        discovery.call = begin(
            .startDiscovery(adapter: adapter), within: settings.deadlines.call)
    }

    private mutating func stopDiscovery(_ adapter: UInt8) {
        discovery.state = .stopping
        discovery.isUnsure = false
        discovery.call = begin(
            .stopDiscovery(adapter: adapter), within: settings.deadlines.call)
    }

    /// The RSSI limit that no choice is hidden by.
    private var weakestWanted: Int16? {
        if settings.discoversAlways || settings.choices.isEmpty { return nil }
        var weakest = Int16.max
        for index in settings.choices.indices {
            guard let limit = settings.choices[index].rssiLimit else { return nil }
            weakest = min(weakest, limit)
        }
        return weakest
    }

    // MARK: Answers

    mutating func discoveryAnswered(_ failure: CallFailure?) {
        discovery.call = nil
        switch (discovery.state, failure) {
        case (.filtering, nil):
            discovery.state = .off
            discovery.filterIsSet = true
        case (.starting, nil), (.starting, .inProgress):
            // In progress: the session is ours, because sessions of others do not count.
            discovery.state = .on
            discovery.isUnsure = false
            discovery.unansweredStops = 0
            discovery.backoff.succeed()
            // Nothing was listened for: that quiet does not count.
            if time - discovery.offSince > settings.deadlines.quietRestart {
                discovery.quietSince = max(discovery.quietSince, time)
            }
            discovery.onSince = time
        case (.stopping, _):
            discovery.unansweredStops = 0
            turnedOff()
        case (.filtering, .notPermitted), (.filtering, .other):
            // An old daemon: better without a filter than blind.
            discovery.state = .off
            discovery.filterIsSet = true
        default: discoveryFailed()
        }
    }

    mutating func discoveryTimedOut() {
        if discovery.state == .stopping {
            discovery.unansweredStops += 1
            discovery.isUnsure = true
            discovery.stopAt = time + (discovery.isHardToStop ? 30 * second : 0)
            return turnedOff()
        }
        discovery.isUnsure = discovery.state == .starting
        discovery.unansweredStops = 0
        discovery.stopAt = time
        discoveryFailed()
    }

    private mutating func turnedOff() {
        discovery.state = .off
        discovery.offSince = time
    }

    private mutating func discoveryFailed() {
        discovery.state = .off
        discovery.filterIsSet = false
        discovery.retryAt = time + max(millisecond, discovery.backoff.fail(random: &random))
        bus.wantsRead = true
        // Not to be able to begin is as good as seeing nothing, and known at once.
        if discovery.backoff.failures >= 4 { climbQuiet() }
    }

    /// Discovering=false that we did not ask for.
    mutating func discoveryEnded() {
        guard discovery.state == .on else { return }
        turnedOff()
        discovery.retryAt = time + max(millisecond, discovery.backoff.fail(random: &random))
    }

    /// It has ended with the adapter's power, or with the daemon; `isUnsure` where it is about to.
    mutating func forgetDiscovery(isUnsure: Bool = false) {
        discovery.isUnsure = isUnsure && discovery.state != .off
        discovery.unansweredStops = 0
        discovery.stopAt = time
        discovery.call = abandoned(discovery.call)
        discovery.leftFor = nil
        if discovery.state != .off { turnedOff() }
        discovery.filterIsSet = false
        discovery.onSince = time
        discovery.retryAt = time
        discovery.pauseUntil = time
    }

    // MARK: Quiet

    private var isInTrouble: Bool {
        sensors.contains { sensor in
            guard let rung = sensor.ladder.rung, rung >= .removeDevice else { return false }
            return time - max(sensor.linkedAt, sensor.absentSince) < Self.troubleEnds
        }
    }

    private var quietRestartAt: Int64 {
        let deadlines = settings.deadlines
        let since = max(discovery.quietSince, discovery.onSince)
        return since + (isInTrouble ? deadlines.quietRestartInTrouble : deadlines.quietRestart)
    }

    /// A round of the three rungs after a wait, and then all over again, each wait twice the one
    /// before. Within a round they follow each other as soon as a minute of silence has told that
    /// the one before did not help: what helps may be the last of them, and a strap that comes
    /// back to a deaf radio has to wait for one pause and not for three.
    private var quietClimbAt: Int64 {
        guard let rung = nextQuietRung else { return .max }
        let deadlines = settings.deadlines
        let trouble = 3 * deadlines.quietRestartInTrouble
        var wait = isInTrouble ? trouble : deadlines.quietRestart
        if discovery.quietRung == nil {
            let first = isInTrouble ? trouble : deadlines.quietPowerCycle
            wait = min(first << Int64(min(discovery.quietRounds, 12)), LinkLimits.longestPause)
        }
        let due = max(discovery.quietSince, discovery.quietClimbedAt) + wait
        return max(due, shared.limit(rung, isAway: false).allowedAt ?? due)
    }

    /// nil: none is permitted.
    private var nextQuietRung: Rung? {
        guard let rung = discovery.quietRung else { return permitted(from: .powerCycle) }
        return permitted(above: rung)
    }

    private func permitted(above rung: Rung) -> Rung? {
        Rung(rawValue: rung.rawValue + 1).flatMap { permitted(from: $0) }
    }

    private func permitted(from lowest: Rung) -> Rung? {
        isPermitted(lowest) ? lowest : permitted(above: lowest)
    }

    /// Nothing at all is seen. In an empty room that is as it should be, so it costs little and
    /// not often much: a round of rungs leaves the radio deaf for a few seconds in half an hour.
    private mutating func stepQuiet(_ adapter: UInt8) {
        if time >= quietClimbAt {
            climbQuiet()
            if shared.work != .none { return }
            // Withheld, because others stream: the radio hears them.
            discovery.quietClimbedAt = time
            discovery.endQuietRounds()
        }
        let isDead =
            !radio.records[Int(adapter)].isDiscovering && time >= discovery.onSince + Self.starts
        guard time >= quietRestartAt || isDead else { return }
        counters.discoveryQuiet += 1
        report(.discoveryRestarted)
        stopDiscovery(adapter)
    }

    private mutating func climbQuiet() {
        guard let rung = nextQuietRung else { return }
        guard mayClimb(rung, quiet: settings.deadlines.sharedQuiet) else {
            counters.withheld[rung] += 1
            return
        }
        discovery.quietClimbedAt = time
        let isLast = permitted(above: rung) == nil
        discovery.quietRung = isLast ? nil : rung
        if isLast { discovery.quietRounds += 1 }
        climbShared(rung, sensor: nil, .discoveryQuiet)
    }

    /// When `stepDiscovery` has something to do.
    var discoveryDeadline: Int64? {
        if let call = discovery.call { return call.deadline }
        guard isReady else { return nil }
        let demand = demand()
        let turns = turns(demand)
        switch discovery.state {
        case .off:
            let stopAt = discovery.isUnsure ? discovery.stopAt : nil
            guard demand != .none, !isRadioTaken else { return stopAt }
            let startAt =
                turns == nil ? discovery.retryAt : max(discovery.retryAt, discovery.pauseUntil)
            return min(startAt, stopAt ?? startAt)
        case .on:
            var due = min(quietRestartAt, quietClimbAt)
            if let turns { due = min(due, discovery.onSince + turns.turn) }
            if let blind = blindDue { due = min(due, blind.at) }
            if let adapter = radio.selected, !radio.records[Int(adapter)].isDiscovering {
                due = min(due, discovery.onSince + Self.starts)
            }
            return due
        default: return nil
        }
    }
}

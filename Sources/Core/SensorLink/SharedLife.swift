/// The rungs that break every sensor: at most one is under way, and seldom.
struct SharedLife {
    enum Work: UInt8 {
        case none
        /// `Powered` false is under way.
        case poweringOff
        /// Off; a controller wants a moment before it is switched on.
        case resting
        /// The daemon is going to vanish, and to come back.
        case restarting
        case resetting
    }

    var work = Work.none
    var rung = Rung.powerCycle
    var due = Int64.max
    var call: PendingCall?

    // Climbed for a sensor: at once, then after half a minute or a minute, then after twice that,
    // up to half an hour.
    private var powerCycle = RateLimit(base: 30 * second, cap: LinkLimits.longestPause)
    private var restartDaemon = RateLimit(base: 60 * second, cap: LinkLimits.longestPause)
    private var resetRadio = RateLimit(base: 60 * second, cap: LinkLimits.longestPause)
    // Climbed for a daemon or an adapter that is away: there is nothing to lose. systemd itself
    // refuses more than 5 starts in 10 s.
    private var callDaemon = RateLimit(base: 5 * second, cap: 60 * second)
    private var callRadio = RateLimit(base: 10 * second, cap: 300 * second)

    static let rest = second
    /// From the answer of RestartUnit to the end of the old daemon.
    static let vanishing = 3 * second
    /// From the end of a rung to the last of its effects: BlueZ tells of a block by rfkill, and
    /// of the power that comes back by itself, in its own time.
    static let aftermath = 10 * second

    /// `isAway`: it is climbed for what is not there, or does not answer at all.
    func limit(_ rung: Rung, isAway: Bool) -> RateLimit {
        switch (rung, isAway) {
        case (.restartDaemon, false): restartDaemon
        case (.restartDaemon, true): callDaemon
        case (.resetRadio, false): resetRadio
        case (.resetRadio, true): callRadio
        default: powerCycle
        }
    }

    mutating func use(_ rung: Rung, isAway: Bool, _ now: Int64) {
        switch (rung, isAway) {
        case (.restartDaemon, false): restartDaemon.use(now)
        case (.restartDaemon, true): callDaemon.use(now)
        case (.resetRadio, false): resetRadio.use(now)
        case (.resetRadio, true): callRadio.use(now)
        default: powerCycle.use(now)
        }
    }
}

// When a shared rung may be climbed.
//
// Only while no sensor streams, and none has for a while: a strap that hangs cannot be told from
// a radio that hangs for it alone, the first is far more frequent, and to end a patient's stream
// for another's is a loss for certain against a gain by chance. While others stream, the sensor
// in trouble goes on with its own rungs, and a report says what was withheld. A radio that hangs
// for all leaves nobody streaming, so its rungs are free within seconds.
extension LinkSupervisor {
    func isPermitted(_ rung: Rung) -> Bool {
        switch rung {
        case .resubscribe, .reconnect: true
        case .removeDevice: settings.permissions.contains(.removeDevice)
        case .powerCycle: settings.permissions.contains(.power)
        case .restartDaemon: settings.permissions.contains(.restartDaemon)
        case .resetRadio: settings.permissions.contains(.resetRadio)
        }
    }

    func mayClimb(
        _ rung: Rung, quiet: Int64, besides asking: Int? = nil, isAway: Bool = false
    ) -> Bool {
        isPermitted(rung) && shared.work == .none
            && shared.limit(rung, isAway: isAway).allows(time)
            && healthyCount(within: quiet, besides: asking) == 0
    }

    /// Brings back what is not there, or does not answer at all, if it was not tried just now.
    mutating func callBack(_ rung: Rung, _ cause: LinkCause, quiet: Int64 = 0) {
        if mayClimb(rung, quiet: quiet, isAway: true) {
            climbShared(rung, sensor: nil, cause, isAway: true)
        }
    }

    /// Sensors whose data is younger than `quiet`. One that sends when a person measures counts
    /// while it is subscribed to.
    func healthyCount(within quiet: Int64, besides asking: Int?) -> Int {
        var count = 0
        for index in sensors.indices where index != asking && quiet > 0 {
            if let last = sensors[index].lastValueAt, time - last < quiet {
                count += 1
            } else if sensors[index].phase == .streaming && !isJudged(index) {
                count += 1
            }
        }
        return count
    }

    mutating func climbShared(
        _ rung: Rung, sensor: Int?, _ cause: LinkCause, isAway: Bool = false
    ) {
        precondition(rung.isShared && shared.work == .none, "one shared rung at a time")
        shared.use(rung, isAway: isAway, time)
        shared.rung = rung
        counters.rungs[rung] += 1
        report(.climbed(sensor: sensor, rung, cause))
        if radio.isPowered { radio.owesPower = true }
        switch rung {
        case .powerCycle:
            guard let adapter = radio.selected else { break }
            shared.work = .poweringOff
            shared.call = begin(
                .setPowered(adapter: adapter, false), within: settings.deadlines.call)
        case .restartDaemon:
            shared.work = .restarting
            shared.call = begin(.restartDaemon, within: settings.deadlines.restart)
        default:
            shared.work = .resetting
            shared.call = begin(
                .resetRadio(
                    adapter: radio.selected, unblocks: settings.permissions.contains(.powerOn)),
                within: settings.deadlines.restart)
        }
        radio.call = abandoned(radio.call)
        forgetDiscovery(isUnsure: true)
        for index in sensors.indices { halt(index, .sharedRung(rung)) }
    }

    mutating func sharedCallEnded(_ failure: CallFailure?) {
        shared.call = nil
        switch (shared.work, failure) {
        case (.poweringOff, nil):
            if let selected = radio.selected { radio.records[Int(selected)].isPowered = false }
            shared.work = .resting
            shared.due = time + SharedLife.rest
        case (.restarting, nil):
            // The old daemon may have gone before the answer came.
            if bus.state != .ready { return endShared() }
            shared.due = time + SharedLife.vanishing
        default: endShared()
        }
    }

    mutating func stepShared() {
        guard shared.work != .none, shared.call == nil, time >= shared.due else { return }
        endShared()
    }

    /// What the copy of the objects says may be wrong now: they are read again.
    mutating func endShared() {
        shared.call = abandoned(shared.call)
        shared.work = .none
        shared.due = .max
        radio.retryAt = time
        radio.ourDoingUntil = time + SharedLife.aftermath
        if bus.state == .ready { bus.wantsRead = true }
    }

    /// When `stepShared` has something to do.
    var sharedDeadline: Int64? {
        if let call = shared.call { return call.deadline }
        return shared.work == .none ? nil : shared.due
    }
}

import Uplink

/// What is known of one adapter.
struct AdapterRecord {
    var isPresent = false
    /// nil: it was not told.
    var isPowered: Bool?
    var isDiscovering = false
}

/// The adapters, and the one that is used.
struct AdapterLife {
    var records = InlineArray<8, AdapterRecord>(repeating: AdapterRecord())
    var selected: UInt8?
    var reported = AdapterState.absent
    var cause = LinkCause.started
    var absentSince: Int64
    /// `Powered`.
    var call: PendingCall?
    var retryAt: Int64
    /// A rung took the power: to give it back is no decision over somebody's head.
    var owesPower = false
    /// What is lost until then a rung took, whose effects come in any order.
    var ourDoingUntil: Int64
    /// That the power is left off was reported.
    var isLeftOff = false
    var failures = 0
    /// Since when somebody else has been switching it on.
    var busySince: Int64?
    var backoff = Backoff(baseNanoseconds: second, capNanoseconds: 30 * second)

    /// How often to ask again while bluetoothd switches it on by itself.
    static let busyPause = 500 * millisecond

    init(now: Int64) {
        absentSince = now
        retryAt = now
        ourDoingUntil = now
    }

    var isPowered: Bool {
        guard let selected else { return false }
        return records[Int(selected)].isPowered == true
    }
}

extension LinkSupervisor {
    public var adapter: AdapterState {
        guard radio.selected != nil else { return .absent }
        guard radio.isPowered else { return .off }
        return discovery.state == .on || discovery.state == .stopping ? .discovering : .on
    }

    mutating func takeAdapter(_ adapter: UInt8, _ facts: AdapterFacts) {
        guard adapter < LinkLimits.adapters else { return }
        let index = Int(adapter)
        let wasPowered = radio.records[index].isPowered == true
        radio.records[index].isPresent = true
        if let isPowered = facts.isPowered { radio.records[index].isPowered = isPowered }
        if let isDiscovering = facts.isDiscovering {
            radio.records[index].isDiscovering = isDiscovering
        }
        // Which one is used is decided when all are known.
        if bus.state == .ready { selectAdapter() }
        guard adapter == radio.selected else { return }
        if wasPowered && !radio.isPowered { lostPower() }
        if !wasPowered && radio.isPowered { gotPower() }
        if facts.isDiscovering == false { discoveryEnded() }
    }

    mutating func removeAdapter(_ adapter: UInt8) {
        guard adapter < LinkLimits.adapters else { return }
        radio.records[Int(adapter)] = AdapterRecord()
        if adapter == radio.selected { loseAdapter(.adapterAbsent) }
        forgetDevices(of: adapter, .adapterAbsent)
        if bus.state == .ready { selectAdapter() }
    }

    mutating func resetAdapters(_ cause: LinkCause) {
        for index in 0..<LinkLimits.adapters { radio.records[index] = AdapterRecord() }
        loseAdapter(cause)
    }

    private mutating func loseAdapter(_ cause: LinkCause) {
        if cause == .adapterAbsent { counters.adapterLosses += 1 }
        radio.selected = nil
        radio.cause = cause
        radio.absentSince = time
        radio.retryAt = time
        radio.busySince = nil
        radio.call = abandoned(radio.call)
        forgetDiscovery()
        if shared.work == .poweringOff { endShared() }
    }

    private mutating func gotPower() {
        radio.owesPower = false
        radio.isLeftOff = false
        radio.busySince = nil
    }

    /// BlueZ drops the links and the discovery with the power.
    private mutating func lostPower() {
        radio.owesPower = shared.work != .none || time < radio.ourDoingUntil
        radio.cause = shared.work == .none ? .adapterOff : .sharedRung(shared.rung)
        radio.retryAt = time
        forgetDiscovery()
        for index in sensors.indices {
            guard let device = sensors[index].device else { continue }
            devices[device].isConnected = false
            devices[device].servicesResolved = false
            devices[device].seenAt = nil
            halt(index, .adapterOff)
        }
    }

    mutating func selectAdapter() {
        if let selected = radio.selected, radio.records[Int(selected)].isPresent { return }
        for adapter in 0..<UInt8(LinkLimits.adapters) where radio.records[Int(adapter)].isPresent {
            if let wanted = settings.adapter, wanted != adapter { continue }
            radio.selected = adapter
            radio.cause = .progress
            radio.retryAt = time
            mayBind = true
            return
        }
    }

    mutating func stepAdapter() {
        guard bus.state == .ready, shared.work == .none else { return }
        guard let adapter = radio.selected else {
            guard time >= absenceDue else { return }
            // Blocked, or a controller on a UART that has not answered: rfkill brings both back.
            return callBack(.resetRadio, .adapterAbsent)
        }
        guard !radio.isPowered, radio.call == nil, time >= radio.retryAt else { return }
        guard maySwitchOn else { return leaveOff() }
        radio.call = begin(
            .setPowered(adapter: adapter, true), within: settings.deadlines.call)
    }

    /// An operator who switches the adapter off on purpose has a way to say so.
    private var maySwitchOn: Bool {
        settings.permissions.contains(.powerOn) || radio.owesPower
    }

    private mutating func leaveOff() {
        guard let selected = radio.selected, radio.records[Int(selected)].isPowered == false,
            !radio.isLeftOff
        else { return }
        radio.isLeftOff = true
        report(.adapterLeftOff)
    }

    mutating func powerAnswered(_ failure: CallFailure?) {
        radio.call = nil
        if failure == .inProgress, isBusyForShort() {
            radio.retryAt = time + AdapterLife.busyPause
            return
        }
        radio.busySince = nil
        guard failure == nil else { return powerFailed() }
        radio.failures = 0
        radio.backoff.succeed()
        radio.cause = .progress
        if let selected = radio.selected { radio.records[Int(selected)].isPowered = true }
        gotPower()
    }

    /// bluetoothd switches an adapter on by itself when it comes; a reset would throw it back. It
    /// has as long for it as we have for a call.
    private mutating func isBusyForShort() -> Bool {
        let since = radio.busySince ?? time
        radio.busySince = since
        return time - since < settings.deadlines.call
    }

    /// The first time a block by rfkill is the likeliest cause, then a hanging controller, then
    /// the daemon.
    mutating func powerFailed() {
        radio.failures += 1
        let wait = max(millisecond, radio.backoff.fail(random: &random))
        radio.retryAt = time + wait
        radio.cause = .callTimedOut
        let rung: Rung = radio.failures % 3 == 0 ? .restartDaemon : .resetRadio
        callBack(rung, .adapterOff)
    }

    private var absenceDue: Int64 {
        let due = radio.absentSince + settings.deadlines.absence
        return max(due, shared.limit(.resetRadio, isAway: true).allowedAt ?? due)
    }

    /// When `stepAdapter` has something to do.
    var adapterDeadline: Int64? {
        if let call = radio.call { return call.deadline }
        guard bus.state == .ready, shared.work == .none else { return nil }
        if radio.selected == nil {
            return settings.permissions.contains(.resetRadio) ? absenceDue : nil
        }
        return !radio.isPowered && maySwitchOn ? radio.retryAt : nil
    }
}

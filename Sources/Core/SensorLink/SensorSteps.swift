import Vitals

// One sensor's life: from an advertisement to a stream, and what ends it.
extension LinkSupervisor {
    mutating func stepSensor(_ index: Int) {
        guard isReady, let device = sensors[index].device else { return }
        let isDue = time >= sensors[index].due
        switch sensors[index].phase {
        case .idle:
            guard devices[device].isConnected && devices[device].isFound else { return }
            if sensors[index].isEnabled {
                linkUp(index, .foundConnected)
            } else if time >= sensors[index].retryAt {
                sensors[index].retryAt = time + settings.deadlines.call
                hangUp(index)
            }
        case .connecting:
            if devices[device].isConnected {
                linkUp(index, .progress)
            } else if isDue {
                attemptFailed(index, .connectTimedOut)
            }
        case .aborted:
            if isDue { stepAborted(index, device) }
        case .parting:
            if isDue || !devices[device].isConnected { enter(index, .idle) }
        case .disconnecting, .removing: break
        case .resolving: stepResolving(index, device)
        case .subscribing: stepSubscribing(index, device, isDue: isDue)
        case .listening:
            if isDue { silent(index) }
        case .streaming: stepStreaming(index, device)
        case .unsubscribing: stepUnsubscribing(index, device)
        }
    }

    // MARK: Connecting

    /// It has been seen, nothing holds it back, and it is not connected yet.
    func isReadyToConnect(_ index: Int) -> Bool {
        guard sensors[index].phase == .idle, sensors[index].isEnabled,
            sensors[index].retryAt <= time, let device = sensors[index].device
        else { return false }
        return isSeen(device) && !devices[device].isConnected
    }

    func isSeen(_ device: Int) -> Bool {
        devices[device].isSeen(now: time, within: settings.deadlines.sighting)
    }

    /// Whose turn it is: of those that are ready, the one that waits longest since its last
    /// attempt or link.
    func nextConnection() -> Int? {
        guard isReady else { return nil }
        var next: Int?
        for index in sensors.indices {
            if sensors[index].holdsRadio { return nil }
            guard isReadyToConnect(index) else { continue }
            if let other = next, sensors[other].turn <= sensors[index].turn { continue }
            next = index
        }
        return next ?? blindConnection()
    }

    /// An attempt without a sighting: another program's scan can keep advertisements from us, and
    /// a bonded sensor may answer without being listed. Only where no other sensor is missing,
    /// because nothing is discovered meanwhile, and seldom.
    private func blindConnection() -> Int? {
        guard let index = discovery.leftFor, sensors[index].phase == .idle,
            sensors[index].isEnabled, let device = sensors[index].device,
            devices[device].isFound, !devices[device].isConnected
        else { return nil }
        return index
    }

    /// The one sensor that is missing, and when discovery has tried long enough to find it.
    var blindDue: (sensor: Int, at: Int64)? {
        guard discovery.state == .on else { return nil }
        var missing: Int?
        for index in sensors.indices {
            if sensors[index].holdsRadio { return nil }
            guard sensors[index].phase == .idle, sensors[index].isEnabled else { continue }
            if missing != nil { return nil }
            missing = index
        }
        guard let index = missing, let device = sensors[index].device, devices[device].isFound,
            !devices[device].isConnected, !isSeen(device)
        else { return nil }
        let at = max(sensors[index].blindAt, sensors[index].retryAt)
        // Objects that BlueZ forgets are forgotten by then.
        let forgotten = settings.deadlines.sighting + settings.deadlines.connect
        return (index, max(at, discovery.onSince + forgotten))
    }

    mutating func stepConnections() {
        // Connect under discovery takes 11 s: `stepDiscovery` ends it first.
        guard let index = nextConnection(), discovery.state == .off,
            !discovery.isUnsure || discovery.isHardToStop, let device = sensors[index].device
        else { return }
        enter(index, .connecting, due: time + settings.deadlines.connect)
        discovery.leftFor = nil
        sensors[index].isBlind = !isSeen(device)
        if sensors[index].isBlind {
            let doublings = min(sensors[index].blindAttempts, 3)
            sensors[index].blindAttempts += 1
            sensors[index].blindAt = time + 120 * second << Int64(doublings)
        }
        sensors[index].holdsRadio = true
        sensors[index].cause = .sighted
        sensors[index].counters.connectAttempts += 1
        sensors[index].call = begin(
            .connect(adapter: devices[device].adapter, devices[device].address),
            within: settings.deadlines.connect)
    }

    mutating func connectAnswered(_ index: Int, _ failure: CallFailure?) {
        guard sensors[index].phase == .connecting, let device = sensors[index].device else {
            return
        }
        switch failure {
        case nil:
            devices[device].isConnected = true
            linkUp(index, .progress)
        case .inProgress: break  // Joined: Connected comes, or the phase's deadline.
        case .connectionAborted:
            let pause = Int64.random(in: 100...500, using: &random) * millisecond
            enter(index, .aborted, due: time + pause)
        case .connectionCancelled:
            sensors[index].cause = .connectFailed(.connectionCancelled)
            postpone(index)
            enter(index, .idle)
        case .classicBluetooth:
            // The filter was lost, or the object is that of the other radio: both anew.
            discovery.filterIsSet = false
            connectRefused(index, .classicBluetooth, atLeast: .removeDevice)
        case .some(let failure):
            if !isNotNow(index, failure) { connectRefused(index, failure, atLeast: .reconnect) }
        }
    }

    /// The pause after an abort is over. A link that came up and has its services is a good one.
    private mutating func stepAborted(_ index: Int, _ device: Int) {
        if devices[device].isConnected && devices[device].servicesResolved {
            return linkUp(index, .foundConnected)
        }
        connectRefused(index, .connectionAborted, atLeast: .reconnect)
    }

    private mutating func connectRefused(
        _ index: Int, _ failure: CallFailure, atLeast minimum: Rung
    ) {
        attemptFailed(index, .connectFailed(failure), atLeast: minimum)
    }

    mutating func attemptFailed(
        _ index: Int, _ cause: LinkCause, atLeast minimum: Rung = .reconnect
    ) {
        sensors[index].counters.connectFailures += 1
        if sensors[index].isBlind {
            // Nobody was seen, so nobody is in trouble, and a sighting is answered at once.
            dropCall(index)
            sensors[index].turn = nextTurn()
            sensors[index].cause = .notSeen
            return hangUp(index)
        }
        sensors[index].refusals += 1
        if sensors[index].refusals == 3 { report(.heldElsewhere(sensor: index)) }
        fail(index, sensors[index].refusals >= 3 ? .heldElsewhere : cause, atLeast: minimum)
    }

    /// Failures that say nothing about the sensor: something is away, and comes back with an
    /// event of its own. True when `failure` was one.
    mutating func isNotNow(_ index: Int, _ failure: CallFailure) -> Bool {
        switch failure {
        case .daemonAway, .notSent, .notReady, .accessDenied: bus.wantsRead = true
        case .unknownObject:
            bus.wantsRead = true
            // Its object is gone, and nobody said so.
            if let device = sensors[index].device { forget(device, .deviceRemoved) }
        default: return false
        }
        dropCall(index)
        postpone(index)
        sensors[index].cause = .callFailed(failure)
        enter(index, .idle)
        // Objects that are connected all the same are taken up again, but not at once.
        if let device = sensors[index].device { devices[device].isConnected = false }
        return true
    }

    // MARK: A link

    mutating func linkUp(_ index: Int, _ cause: LinkCause) {
        dropCall(index)
        enter(index, .resolving, due: time + settings.deadlines.resolve)
        sensors[index].cause = cause
        sensors[index].refusals = 0
        sensors[index].blindAttempts = 0
        sensors[index].linkedAt = time
        sensors[index].rereadAt = time + settings.deadlines.call
        sensors[index].subscribed = []
        sensors[index].refused = []
        sensors[index].hasValue = false
        sensors[index].asked = sensors[index].answered
        guard let device = sensors[index].device else { return }
        // When the link ends it has to be seen again: it may end because nobody is there.
        devices[device].seenAt = nil
        stepResolving(index, device)
    }

    /// Connected=false.
    mutating func linkEnded(_ index: Int, _ cause: LinkCause) {
        guard sensors[index].phase.isLinked else { return }
        sensors[index].counters.linkLosses += 1
        let phase = sensors[index].phase
        if phase == .resolving || phase == .subscribing {
            sensors[index].counters.resolveFailures += 1
            return fail(index, cause, atLeast: .reconnect)
        }
        noteLoss(index)
        dropCall(index)
        sensors[index].cause = cause
        // Silence before a loss is the way a sensor leaves: nothing to climb for.
        if let rung = sensors[index].ladder.rung, rung <= .resubscribe {
            sensors[index].ladder.reset()
        }
        sensors[index].turn = nextTurn()
        let isStable = time - sensors[index].streamingSince >= settings.deadlines.stable
        if phase != .streaming || !isStable { postpone(index) }
        enter(index, .idle)
    }

    private mutating func noteLoss(_ index: Int) {
        let duration = time - sensors[index].linkedAt
        if sensors[index].losses.lost(after: duration) {
            report(.periodicLoss(sensor: index, afterMilliseconds: duration / millisecond))
        }
        if discovery.state != .off && discovery.lossWhileOn(time) {
            report(.discoveryGentle(true))
        }
    }

    /// The device's object is gone, or its adapter, the daemon, the bus.
    mutating func detach(_ index: Int, _ cause: LinkCause) {
        let phase = sensors[index].phase
        dropCall(index)
        sensors[index].device = nil
        sensors[index].absentSince = time
        if phase.isLinked { sensors[index].counters.linkLosses += 1 }
        if phase != .removing && phase != .disconnecting && phase != .parting {
            sensors[index].cause = cause
            if phase == .connecting { postpone(index) }
        }
        if phase.isLinked { sensors[index].turn = nextTurn() }
        // BlueZ removes a device 10 ms after its attempt was aborted, as a rule.
        if phase == .aborted && cause == .deviceRemoved {
            return attemptFailed(index, .connectFailed(.connectionAborted))
        }
        enter(index, .idle)
    }

    /// The user has switched the sensor off.
    mutating func letGo(_ index: Int, _ cause: LinkCause) {
        dropCall(index)
        sensors[index].ladder.reset()
        sensors[index].retryAt = time
        if isReady { hangUp(index) } else { enter(index, .idle) }
    }
}

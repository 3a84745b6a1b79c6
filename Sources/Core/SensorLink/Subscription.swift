import Vitals

// From Connected to the first value: services, subscriptions, and how they end.
extension LinkSupervisor {
    /// The measurement of the device that is wanted and not subscribed to yet.
    private func nextWanted(_ index: Int, _ device: Int) -> Int? {
        let wanted = settings.choices[sensors[index].choice].measurements
        for place in 0..<devices[device].characteristicCount {
            let known = devices[device].characteristic(place)
            guard known.kind.isMeasurement, wanted.contains(known.kind),
                known.canNotify != false, !sensors[index].subscribed.contains(known.kind),
                !sensors[index].refused.contains(known.kind)
            else { continue }
            return place
        }
        return nil
    }

    /// It sends by itself, so that silence is a fault.
    func isJudged(_ index: Int) -> Bool {
        sensors[index].subscribed.contains(.heartRateMeasurement)
            || sensors[index].subscribed.contains(.pulseOximeterContinuous)
    }

    mutating func stepResolving(_ index: Int, _ device: Int) {
        if devices[device].servicesResolved && nextWanted(index, device) != nil {
            sensors[index].hasValue = false
            enter(index, .subscribing)
            return stepSubscribing(index, device, isDue: false)
        }
        if time >= sensors[index].due {
            sensors[index].counters.resolveFailures += 1
            return fail(index, .servicesMissing, atLeast: .reconnect)
        }
        // A signal may have been missed, or ServicesResolved come before the characteristics.
        if let reread = sensors[index].rereadAt, time >= reread {
            sensors[index].rereadAt = nil
            bus.wantsRead = true
        }
    }

    mutating func stepSubscribing(_ index: Int, _ device: Int, isDue: Bool) {
        guard sensors[index].call == nil else { return }
        if sensors[index].due != .max {
            // A subscription of someone else's was joined, and nothing came of it.
            if isDue { subscriptionFailed(index, .subscriptionFailed(.inProgress), .reconnect) }
            return
        }
        guard let place = nextWanted(index, device) else {
            if sensors[index].subscribed.isEmpty {
                return subscriptionFailed(index, .servicesMissing, .removeDevice)
            }
            return listen(index)
        }
        let adapter = devices[device].adapter
        let id = devices[device].id(place)
        sensors[index].subscribedBy = sensors[index].mode
        let call: BluetoothCall =
            sensors[index].mode == .signals
            ? .startNotify(adapter: adapter, id) : .acquireNotify(adapter: adapter, id)
        sensors[index].call = begin(call, within: settings.deadlines.call)
    }

    private mutating func listen(_ index: Int) {
        sensors[index].subscribedAt = time
        guard isJudged(index), !sensors[index].hasValue else { return stream(index) }
        enter(index, .listening, due: time + settings.deadlines.firstValue)
    }

    mutating func stream(_ index: Int) {
        enter(index, .streaming)
        sensors[index].streamingSince = time
        sensors[index].cause = sensors[index].hasValue ? .valuesArrive : .progress
        // The measurements have the link to themselves first.
        sensors[index].askAt = time + 2 * second
    }

    mutating func subscriptionAnswered(
        _ index: Int, _ id: CharacteristicID, _ failure: CallFailure?
    ) {
        guard sensors[index].phase == .subscribing, let device = sensors[index].device,
            let place = devices[device].index(handle: id.handle)
        else { return }
        let kind = devices[device].characteristic(place).kind
        switch failure {
        case nil: sensors[index].subscribed.insert(CharacteristicSet(kind))
        case .inProgress:
            sensors[index].due = time + settings.deadlines.call
            if devices[device].characteristic(place).isNotifying {
                joinedSubscription(index, kind)
            }
        case .notPermitted: subscriptionRefused(index, kind)
        case .notConnected:
            devices[device].isConnected = false
            linkEnded(index, .linkLost)
        case .some(let failure):
            if isNotNow(index, failure) { return }
            // A stale cache of the device's handles looks like this.
            subscriptionFailed(index, .subscriptionFailed(failure), .removeDevice)
        }
    }

    /// Not this way: the other way is tried before the device's cache is blamed.
    private mutating func subscriptionRefused(_ index: Int, _ kind: Characteristic) {
        if !sensors[index].subscribed.isEmpty {
            // The others are worth more than this one.
            sensors[index].refused.insert(CharacteristicSet(kind))
        } else if sensors[index].mode == .socket {
            useSignals(index, .subscriptionFailed(.notPermitted))
            subscriptionFailed(index, .subscriptionFailed(.notPermitted), .removeDevice)
        } else if sensors[index].socketFailed {
            subscriptionFailed(index, .subscriptionFailed(.notPermitted), .removeDevice)
        } else {
            useSocket(index, .subscriptionFailed(.notPermitted))
        }
    }

    private mutating func subscriptionFailed(_ index: Int, _ cause: LinkCause, _ minimum: Rung) {
        sensors[index].counters.subscriptionFailures += 1
        fail(index, cause, atLeast: minimum)
    }

    /// `Notifying` has become true: also the answer to a subscription that was in progress.
    mutating func joinedSubscription(_ index: Int, _ kind: Characteristic) {
        guard sensors[index].phase == .subscribing, sensors[index].call == nil,
            sensors[index].due != .max
        else { return }
        sensors[index].due = .max
        sensors[index].subscribed.insert(CharacteristicSet(kind))
    }

    /// `Notifying` has become false, or the socket has ended, and we did not ask for it.
    mutating func subscriptionEnded(_ index: Int, _ kind: Characteristic) {
        let phase = sensors[index].phase
        guard phase == .listening || phase == .streaming,
            sensors[index].subscribed.contains(kind)
        else { return }
        let isAtOnce = time - sensors[index].subscribedAt < 2 * second
        if sensors[index].mode == .socket && isAtOnce && !sensors[index].hasValue {
            useSignals(index, .unsubscribed)
            sensors[index].subscribed.remove(CharacteristicSet(kind))
            return enter(index, .subscribing)
        }
        // The link has ended with it as a rule, and that is said by the next message.
        fail(index, .unsubscribed, atLeast: .resubscribe)
    }

    /// ServicesResolved=false while connected: they are discovered anew, and every subscription
    /// is made again.
    mutating func servicesEnded(_ index: Int) {
        let phase = sensors[index].phase
        guard phase.isLinked, phase != .resolving else { return }
        dropCall(index)
        sensors[index].subscribed = []
        sensors[index].rereadAt = time + settings.deadlines.call
        enter(index, .resolving, due: time + settings.deadlines.resolve)
    }

    // MARK: Silence

    func silenceLimit(_ index: Int) -> Int64 {
        max(settings.deadlines.silence, 3 * sensors[index].interval)
    }

    mutating func silent(_ index: Int) {
        sensors[index].counters.silences += 1
        if !sensors[index].hasValue {
            if sensors[index].mode == .socket {
                useSignals(index, .silence)
            } else {
                sensors[index].mutedSignals += 1
                if sensors[index].mutedSignals >= 2 && !sensors[index].socketFailed {
                    useSocket(index, .silence)
                }
            }
        }
        fail(index, .silence, atLeast: .resubscribe)
    }

    private mutating func useSocket(_ index: Int, _ cause: LinkCause) {
        sensors[index].mode = .socket
        report(.notifyModeChanged(sensor: index, .socket, cause))
    }

    /// For good: a socket that has failed once is not tried again with this device.
    private mutating func useSignals(_ index: Int, _ cause: LinkCause) {
        sensors[index].mode = .signals
        sensors[index].socketFailed = true
        sensors[index].mutedSignals = 0
        report(.notifyModeChanged(sensor: index, .signals, cause))
    }

    mutating func stepUnsubscribing(_ index: Int, _ device: Int) {
        guard sensors[index].call == nil else { return }
        for place in 0..<devices[device].characteristicCount {
            let kind = devices[device].characteristic(place).kind
            guard sensors[index].subscribed.contains(kind) else { continue }
            let adapter = devices[device].adapter
            let id = devices[device].id(place)
            let call: BluetoothCall =
                sensors[index].subscribedBy == .signals
                ? .stopNotify(adapter: adapter, id) : .releaseNotify(adapter: adapter, id)
            sensors[index].call = begin(call, within: settings.deadlines.call)
            return
        }
        sensors[index].subscribed = []
        sensors[index].hasValue = false
        enter(index, .subscribing)
        stepSubscribing(index, device, isDue: false)
    }

    mutating func unsubscribeAnswered(_ index: Int, _ id: CharacteristicID) {
        guard sensors[index].phase == .unsubscribing, let device = sensors[index].device else {
            return
        }
        // Whatever the answer: the subscription is made anew, and tells.
        guard let place = devices[device].index(handle: id.handle) else { return }
        let kind = devices[device].characteristic(place).kind
        sensors[index].subscribed.remove(CharacteristicSet(kind))
    }
}

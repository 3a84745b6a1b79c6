import SensorLink
import Vitals

// Links: connecting, services, notifications, and their ends.
extension ModelBlueZ {
    func connect(_ id: CallID, _ address: BluetoothAddress) {
        guard let index = index(address) else {
            return reply(id, .unknownObject, after: millisecond)
        }
        if wedged != nil { return }
        guard isPowered else { return reply(id, .notReady, after: millisecond) }
        if objects[index].isConnected { return reply(id, nil, after: millisecond) }
        if objects[index].isAttempted { return reply(id, .inProgress, after: millisecond) }
        let strap = objects[index].strap
        if straps[strap].classicAnswers > 0 {
            straps[strap].classicAnswers -= 1
            return reply(id, .classicBluetooth, after: 300 * millisecond)
        }
        // Who has asked twice in vain may go on.
        if isDiscovering && ignoredStops < 2 { connectsWhileDiscovering += 1 }
        connectsUnderWay += 1
        mostConnects = max(mostConnects, connectsUnderWay)
        objects[index].isAttempted = true
        objects[index].isCounted = true
        objects[index].attempt += 1
        objects[index].connecting = id
        if straps[strap].inProgressAnswers > 0 {
            straps[strap].inProgressAnswers -= 1
            objects[index].connecting = nil
            reply(id, .inProgress, after: millisecond)
        }
        let attempt = objects[index].attempt
        if straps[strap].isHeld || straps[strap].aborts > 0 {
            let blinks = straps[strap].aborts > 0
            if blinks { straps[strap].aborts -= 1 }
            later(200 * millisecond) { [unowned self] in abort(address, attempt, blinks: blinks) }
        } else if straps[strap].isInRange && deaf == nil {
            let isSlow = isDiscovering || foreignDiscovery
            let time = isSlow ? between(10_800, 10_980) : between(180, 330)
            later(time * millisecond) { [unowned self] in connected(address, attempt) }
        }
        later(between(40_100, 40_500) * millisecond) { [unowned self] in
            abort(address, attempt, blinks: false)
        }
    }

    /// An attempt of a client that has gone goes on, and is not the next client's.
    func attemptEnded(_ index: Int) {
        if objects[index].isCounted { connectsUnderWay -= 1 }
        objects[index].isCounted = false
        objects[index].isAttempted = false
    }

    private func object(_ address: BluetoothAddress, _ attempt: Int) -> Int? {
        guard let index = index(address), objects[index].isAttempted,
            objects[index].attempt == attempt
        else { return nil }
        return index
    }

    func connected(_ address: BluetoothAddress, _ attempt: Int) {
        guard let index = object(address, attempt), wedged == nil, deaf == nil else { return }
        guard straps[objects[index].strap].isInRange,
            straps[objects[index].strap].address == address
        else { return }
        attemptEnded(index)
        linkUp(index)
        if let id = objects[index].connecting { answer(id, nil) }
        objects[index].connecting = nil
    }

    private func linkUp(_ index: Int) {
        let address = objects[index].address
        let strap = objects[index].strap
        objects[index].isConnected = true
        objects[index].isStored = true
        straps[strap].isLinked = true
        straps[strap].link += 1
        let link = straps[strap].link
        say(address, connected: true)
        if let time = straps[strap].hangsUpAfter {
            later(time) { [unowned self] in drop(strap, link) }
        }
        if straps[strap].unresolved != nil { return }
        let delay = objects[index].hasServices ? 10 : between(20, 50)
        later(delay * millisecond) { [unowned self] in
            guard straps[strap].link == link, straps[strap].isLinked else { return }
            resolve(address)
        }
        beat(strap, link)
    }

    private func resolve(_ address: BluetoothAddress) {
        guard let index = index(address), objects[index].isConnected else { return }
        if !objects[index].hasServices || straps[objects[index].strap].bare == nil {
            list(objects[index])
        }
        objects[index].hasServices = true
        objects[index].isResolved = true
        var facts = DeviceFacts()
        facts.servicesResolved = true
        emit(.deviceChanged(adapter: 0, address, facts))
    }

    func say(_ address: BluetoothAddress, connected: Bool, resolved: Bool? = nil) {
        var facts = DeviceFacts()
        facts.isConnected = connected
        facts.servicesResolved = resolved
        emit(.deviceChanged(adapter: 0, address, facts))
    }

    private func abort(_ address: BluetoothAddress, _ attempt: Int, blinks: Bool) {
        guard let index = object(address, attempt) else { return }
        attemptEnded(index)
        if let id = objects[index].connecting { answer(id, .connectionAborted) }
        objects[index].connecting = nil
        guard blinks else {
            later(10 * millisecond) { [unowned self] in
                guard let index = self.index(address), !objects[index].isConnected,
                    !objects[index].isAttempted
                else { return }
                forget(address)
            }
            return
        }
        later(50 * millisecond) { [unowned self] in say(address, connected: true) }
        later(90 * millisecond) { [unowned self] in say(address, connected: false) }
    }

    /// The strap ends the link, or is lost for good after the supervision time-out.
    public func drop(_ strap: Int, _ link: Int? = nil) {
        guard straps[strap].isLinked, link == nil || straps[strap].link == link else { return }
        later(5 * millisecond) { [unowned self] in linkLost(strap) }
    }

    public func leave(_ strap: Int) {
        straps[strap].isInRange = false
        let link = straps[strap].link
        guard straps[strap].isLinked else { return }
        later(straps[strap].supervisionNanoseconds) { [unowned self] in
            guard straps[strap].isLinked, straps[strap].link == link, !straps[strap].isInRange
            else { return }
            linkLost(strap)
        }
    }

    func linkLost(_ strap: Int) {
        // A dead controller tells nobody.
        guard straps[strap].isLinked, wedged == nil else { return }
        straps[strap].isLinked = false
        straps[strap].link += 1
        guard let index = objects.firstIndex(where: { $0.strap == strap && $0.isConnected }) else {
            return
        }
        let address = objects[index].address
        let wasResolved = objects[index].isResolved
        objects[index].isConnected = false
        objects[index].isResolved = false
        objects[index].sockets = []
        say(address, connected: false, resolved: wasResolved ? false : nil)
        keep(address)
        advertise(strap, scan)
    }

    func disconnect(_ id: CallID, _ address: BluetoothAddress) {
        guard let index = index(address) else {
            return reply(id, .unknownObject, after: millisecond)
        }
        if wedged != nil { return }
        if objects[index].isAttempted {
            attemptEnded(index)
            if let pending = objects[index].connecting { answer(pending, .connectionCancelled) }
            objects[index].connecting = nil
            answer(id, nil)
            return forget(address)
        }
        guard objects[index].isConnected else { return reply(id, nil, after: 3 * millisecond) }
        let strap = objects[index].strap
        let link = straps[strap].link
        later(between(1_800, 2_700) * millisecond) { [unowned self] in
            cure(strap, .reconnect)
            guard straps[strap].link == link, let index = self.index(address) else {
                return answer(id, nil)
            }
            if version == .v566 {
                objects[index].isResolved = false
                var facts = DeviceFacts()
                facts.servicesResolved = false
                emit(.deviceChanged(adapter: 0, address, facts))
                answer(id, nil)
                later(5 * millisecond) { [unowned self] in linkLost(strap) }
            } else {
                linkLost(strap)
                answer(id, nil)
            }
        }
    }

    func remove(_ id: CallID, _ address: BluetoothAddress) {
        guard let index = index(address) else {
            return reply(id, .unknownObject, after: millisecond)
        }
        if wedged != nil { return }
        let delay = objects[index].isConnected ? 1_800 : between(2, 8)
        let strap = objects[index].strap
        later(delay * millisecond) { [unowned self] in
            cure(strap, .removeDevice)
            forget(address)
            answer(id, nil)
        }
    }

    // MARK: Notifications

    func notify(_ id: CallID, _ characteristic: CharacteristicID, socket: Bool) {
        guard let index = index(characteristic.device), objects[index].hasServices else {
            return reply(id, .unknownObject, after: millisecond)
        }
        if wedged != nil { return }
        let strap = objects[index].strap
        let handle = characteristic.handle
        if !socket && straps[strap].refusesSignals {
            return reply(id, .notPermitted, after: 2 * millisecond)
        }
        if straps[strap].stale != nil { return reply(id, .other, after: 20 * millisecond) }
        guard objects[index].isConnected else {
            let isFirst = objects[index].notifying.insert(handle).inserted
            return reply(id, isFirst ? nil : .inProgress, after: 2 * millisecond)
        }
        later(between(2, 10) * millisecond) { [unowned self] in
            guard let index = self.index(characteristic.device) else { return }
            guard objects[index].isConnected else { return answer(id, .notConnected) }
            if !objects[index].notifying.contains(handle) { cure(strap, .resubscribe) }
            if socket {
                objects[index].sockets.insert(handle)
                answer(id, nil)
                if straps[strap].endsSockets {
                    objects[index].sockets.remove(handle)
                    say(characteristic, notifying: false)
                }
            } else {
                objects[index].notifying.insert(handle)
                say(characteristic, notifying: true)
                answer(id, nil)
            }
        }
    }

    private func say(_ characteristic: CharacteristicID, notifying: Bool) {
        var facts = CharacteristicFacts()
        facts.isNotifying = notifying
        emit(.characteristicChanged(adapter: 0, characteristic, facts))
    }

    func unsubscribe(_ id: CallID, _ characteristic: CharacteristicID) {
        guard let index = index(characteristic.device) else {
            return reply(id, .unknownObject, after: millisecond)
        }
        if wedged != nil { return }
        objects[index].sockets.remove(characteristic.handle)
        guard objects[index].notifying.remove(characteristic.handle) != nil else {
            return reply(id, .notStarted, after: 2 * millisecond)
        }
        later(30 * millisecond) { [unowned self] in
            say(characteristic, notifying: false)
            answer(id, nil)
        }
    }

    func read(_ id: CallID, _ characteristic: CharacteristicID) {
        guard let index = index(characteristic.device), objects[index].isConnected else {
            return reply(id, .notConnected, after: millisecond)
        }
        if wedged != nil { return }
        let place = (Int(characteristic.handle) - 16) / 3
        guard straps[objects[index].strap].characteristics.indices.contains(place) else {
            return reply(id, .unknownObject, after: millisecond)
        }
        let kind = straps[objects[index].strap].characteristics[place]
        let value: [UInt8] =
            switch kind {
            case .batteryLevel: [87]
            case .bodySensorLocation: [1]
            default: Array("\(kind)".utf8)
            }
        later(40 * millisecond) { [unowned self] in answer(id, nil, value) }
    }

    /// The strap sends while it is linked; the daemon passes on what was subscribed to.
    private func beat(_ strap: Int, _ link: Int) {
        let interval = straps[strap].intervalNanoseconds
        after(between(interval - interval / 20, interval + interval / 20)) { [unowned self] in
            guard straps[strap].link == link, straps[strap].isLinked else { return }
            send(strap)
            beat(strap, link)
        }
    }

    private func send(_ strap: Int) {
        guard straps[strap].isInRange, straps[strap].mute == nil, wedged == nil, deaf == nil,
            let object = objects.first(where: { $0.strap == strap && $0.isConnected })
        else { return }
        if !straps[strap].isFrozen {
            straps[strap].beats = 60 + (straps[strap].beats &+ 7) % 61
        }
        for (place, kind) in straps[strap].characteristics.enumerated() where kind.isContinuous {
            let handle = ModelStrap.handle(place)
            let bySignal = object.notifying.contains(handle) && !straps[strap].isMuteBySignals
            guard bySignal || object.sockets.contains(handle) else { continue }
            let id = CharacteristicID(device: object.address, service: 15, handle: handle)
            emit(.valueArrived(adapter: 0, id), [0, straps[strap].beats])
        }
    }
}

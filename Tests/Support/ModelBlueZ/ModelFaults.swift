public import SensorLink
import Vitals

// What can be done to the daemon, the adapter and the bus, by a client or by fate.
extension ModelBlueZ {
    /// A rung was climbed for the strap: what it helps against is over.
    func cure(_ strap: Int, _ rung: Rung) {
        func isCured(_ fault: ModelStrap.Fault?) -> Bool { fault.map { $0.cure <= rung } ?? true }
        if isCured(straps[strap].mute) { straps[strap].mute = nil }
        if isCured(straps[strap].unresolved) { straps[strap].unresolved = nil }
        if isCured(straps[strap].bare) { straps[strap].bare = nil }
        if isCured(straps[strap].stale) { straps[strap].stale = nil }
    }

    private func cureAll(_ rung: Rung) {
        for strap in straps.indices { cure(strap, rung) }
        if let fault = deaf, fault.cure <= rung { deaf = nil }
        if let fault = wedged, fault.cure <= rung { wedged = nil }
        if let fault = powerless, fault.cure <= rung { powerless = nil }
    }

    // MARK: Adapter

    func setPowered(_ id: CallID, _ on: Bool) {
        guard adapterIsPresent else { return reply(id, .unknownObject, after: millisecond) }
        if !on {
            // The kernel takes a wedged controller down when its command times out (2 s).
            let delay: Int64 = wedged == nil ? 50 : 2_100
            return later(delay * millisecond) { [unowned self] in
                powerOff()
                cureAll(.powerCycle)
                answer(id, nil)
            }
        }
        if isSwitchingOn { return reply(id, .inProgress, after: millisecond) }
        later(100 * millisecond) { [unowned self] in
            if isBlocked || powerless != nil || wedged != nil { return answer(id, .other) }
            powerOn()
            answer(id, nil)
        }
    }

    /// AutoEnable; who asks for the same meanwhile is told that it is busy.
    private func switchOnByItself() {
        isSwitchingOn = true
        later(autoEnable) { [unowned self] in
            isSwitchingOn = false
            powerOn()
        }
    }

    func powerOn() {
        guard !isPowered, adapterIsPresent, !isBlocked, powerless == nil, wedged == nil else {
            return
        }
        isPowered = true
        var facts = AdapterFacts()
        facts.isPowered = true
        emit(.adapterChanged(adapter: 0, facts))
    }

    /// Devices that never were connected go, the links of the others end.
    public func powerOff() {
        guard isPowered else { return }
        isPowered = false
        isDiscovering = false
        scan += 1
        for address in objects.filter({ !$0.isStored }).map(\.address) { forget(address) }
        dropLinks(isTold: true)
        withdrawRSSI()
        var facts = AdapterFacts()
        facts.isPowered = false
        facts.isDiscovering = false
        emit(.adapterChanged(adapter: 0, facts))
    }

    private func dropLinks(isTold: Bool) {
        for index in objects.indices {
            if objects[index].isAttempted {
                attemptEnded(index)
                if let id = objects[index].connecting, isTold { answer(id, .other) }
                objects[index].connecting = nil
            }
            guard objects[index].isConnected else { continue }
            objects[index].isConnected = false
            objects[index].isResolved = false
            objects[index].sockets = []
            straps[objects[index].strap].isLinked = false
            straps[objects[index].strap].link += 1
            if isTold { say(objects[index].address, connected: false, resolved: false) }
            keep(objects[index].address)
        }
    }

    public func block() {
        isBlocked = true
        powerOff()
    }

    /// Somebody takes away the block and switches the adapter on.
    public func switchOn() {
        isBlocked = false
        powerOn()
    }

    func resetRadio(_ id: CallID, unblocks: Bool) {
        if isBlocked && !unblocks { return answerFromOutside(id) }
        powerOff()
        cureAll(.resetRadio)
        isBlocked = false
        answerFromOutside(id)
        after(400 * millisecond) { [unowned self] in
            guard daemonIsRunning, !daemonHangs else { return }
            if adapterIsPresent { powerOn() } else if !isPulled { plug() }
        }
    }

    /// The controller dies, or is pulled and only `plug` brings it back.
    public func unplug(isPulled: Bool = false) {
        self.isPulled = isPulled
        powerOff()
        for address in objects.map(\.address) { forget(address) }
        adapterIsPresent = false
        isSwitchingOn = false
        emit(.adapterRemoved(adapter: 0))
    }

    public func plug() {
        guard !adapterIsPresent else { return }
        adapterIsPresent = true
        isPulled = false
        isPowered = false
        emit(.adapterFound(adapter: 0, adapterFacts))
        switchOnByItself()
    }

    // MARK: Daemon

    /// SIGKILL: nothing is said but that the name has no owner, and the links end.
    public func kill() {
        guard daemonIsRunning else { return }
        dropLinks(isTold: false)
        emit(.daemonVanished)
        end()
        if let delay = daemonComesBack { after(delay) { [unowned self] in startDaemon() } }
    }

    /// SIGTERM: it says good-bye to everything.
    public func terminate() {
        guard daemonIsRunning else { return }
        powerOff()
        for address in objects.map(\.address) { emit(.deviceRemoved(adapter: 0, address)) }
        if adapterIsPresent { emit(.adapterRemoved(adapter: 0)) }
        emit(.daemonVanished)
        end()
    }

    private func end() {
        life += 1
        scan += 1
        daemonIsRunning = false
        daemonHangs = false
        isPowered = false
        isDiscovering = false
        connectsUnderWay = 0
        open = []
        // What was connected is in its store and comes back.
        objects.removeAll { !$0.isStored }
        for index in objects.indices {
            objects[index].isConnected = false
            objects[index].isResolved = false
            objects[index].isAttempted = false
            objects[index].isCounted = false
            objects[index].connecting = nil
            objects[index].rssi = nil
            objects[index].notifying = []
            objects[index].sockets = []
        }
    }

    /// It owns its name, and its adapter comes a moment later.
    public func startDaemon() {
        guard !daemonIsRunning else { return }
        daemonIsRunning = true
        isSwitchingOn = adapterIsPresent
        emit(.daemonAppeared)
        later(between(20, 30) * millisecond) { [unowned self] in
            guard adapterIsPresent else { return }
            emit(.adapterFound(adapter: 0, adapterFacts))
            for object in objects {
                emit(.deviceFound(adapter: 0, object.address, facts(object)))
                if object.hasServices { list(object) }
                keep(object.address)
            }
            switchOnByItself()
        }
    }

    func restart(_ id: CallID) {
        guard !restartIsRefused else { return answerFromOutside(id, .accessDenied) }
        answerFromOutside(id)
        if daemonHangs || wedged != nil { kill() } else { terminate() }
        cureAll(.restartDaemon)
        after(800 * millisecond) { [unowned self] in startDaemon() }
    }

    public func hang() { daemonHangs = true }

    // MARK: Bus

    public func closeBus() {
        guard busIsOpen else { return }
        // Our discovery and our notifications end with us, the links do not.
        outbox.append((.busClosed, []))
        busIsOpen = false
        open = []
        isDiscovering = false
        scan += 1
        for index in objects.indices {
            objects[index].notifying = []
            objects[index].sockets = []
            objects[index].connecting = nil
            if objects[index].isCounted { connectsUnderWay -= 1 }
            objects[index].isCounted = false
        }
    }

    /// A resolvable address changes: another advertisement, another object.
    public func rotate(_ strap: Int, to address: BluetoothAddress) {
        straps[strap].address = address
        advertise(strap, scan)
    }
}

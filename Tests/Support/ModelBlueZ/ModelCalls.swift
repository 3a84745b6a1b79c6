import SensorLink
import Vitals

extension ModelBlueZ {
    func begin(_ id: CallID, _ call: BluetoothCall) {
        switch call {
        case .restartDaemon: return after(50 * millisecond) { [unowned self] in restart(id) }
        case .resetRadio(_, let unblocks):
            return after(100 * millisecond) { [unowned self] in resetRadio(id, unblocks: unblocks) }
        default: break
        }
        guard daemonIsRunning else {
            return after(millisecond) { [unowned self] in answer(id, .daemonAway) }
        }
        if daemonHangs { return }
        switch call {
        case .enumerate: later(5 * millisecond) { [unowned self] in enumerate(id) }
        case .setPowered(_, let on): setPowered(id, on)
        case .setDiscoveryFilter:
            reply(id, isPowered ? nil : .notReady, after: 3 * millisecond)
        case .startDiscovery: later(between(2, 8) * millisecond) { [unowned self] in start(id) }
        case .stopDiscovery: later(between(5, 20) * millisecond) { [unowned self] in stop(id) }
        case .removeDevice(_, let address): remove(id, address)
        case .connect(_, let address): connect(id, address)
        case .disconnect(_, let address): disconnect(id, address)
        case .startNotify(_, let characteristic): notify(id, characteristic, socket: false)
        case .acquireNotify(_, let characteristic): notify(id, characteristic, socket: true)
        case .stopNotify(_, let characteristic), .releaseNotify(_, let characteristic):
            unsubscribe(id, characteristic)
        case .readValue(_, let characteristic): read(id, characteristic)
        case .restartDaemon, .resetRadio: break
        }
    }

    func reply(_ id: CallID, _ failure: CallFailure?, after delay: Int64) {
        later(delay) { [unowned self] in answer(id, failure) }
    }

    func index(_ address: BluetoothAddress) -> Int? {
        objects.firstIndex { $0.address == address }
    }

    // MARK: Objects

    private func enumerate(_ id: CallID) {
        // A hash table's order: characteristics come before their devices as often as behind.
        for object in objects where object.hasServices && object.address.bits % 2 == 0 {
            list(object)
        }
        if adapterIsPresent {
            emit(.adapterFound(adapter: 0, adapterFacts))
            for object in objects { emit(.deviceFound(adapter: 0, object.address, facts(object))) }
        }
        for object in objects where object.hasServices && object.address.bits % 2 == 1 {
            list(object)
        }
        answer(id, nil)
    }

    var adapterFacts: AdapterFacts {
        var facts = AdapterFacts()
        facts.isPowered = isPowered
        facts.isDiscovering = isDiscovering || foreignDiscovery
        return facts
    }

    func facts(_ object: ModelObject) -> DeviceFacts {
        let strap = straps[object.strap]
        var facts = DeviceFacts()
        facts.address = strap.identity ?? object.address
        facts.addressKind = strap.kind
        facts.name = DeviceName(strap.name)
        facts.services = strap.services
        facts.isConnected = object.isConnected
        facts.servicesResolved = object.isResolved
        facts.isPaired = false
        if let rssi = object.rssi { facts.rssi = .some(rssi) }
        return facts
    }

    func list(_ object: ModelObject) {
        for (place, kind) in straps[object.strap].characteristics.enumerated() {
            if straps[object.strap].bare != nil && kind.isMeasurement { continue }
            let handle = ModelStrap.handle(place)
            var facts = CharacteristicFacts()
            facts.kind = kind
            facts.canNotify = kind.isMeasurement
            facts.isNotifying = object.notifying.contains(handle)
            let id = CharacteristicID(device: object.address, service: 15, handle: handle)
            emit(.characteristicFound(adapter: 0, id, facts))
        }
    }

    func forget(_ address: BluetoothAddress) {
        guard let index = index(address) else { return }
        if objects[index].isAttempted { attemptEnded(index) }
        if objects[index].isConnected { straps[objects[index].strap].isLinked = false }
        objects.remove(at: index)
        emit(.deviceRemoved(adapter: 0, address))
    }

    /// An unpaired device goes 30 s after its last sighting or link.
    func keep(_ address: BluetoothAddress) {
        guard let index = index(address) else { return }
        objects[index].keptUntil = now + 30 * second
        later(30 * second) { [unowned self] in
            guard let index = self.index(address), !objects[index].isConnected,
                objects[index].connecting == nil, objects[index].keptUntil <= now
            else { return }
            forget(address)
        }
    }

    // MARK: Discovery

    private func start(_ id: CallID) {
        if wedged != nil { return }
        guard isPowered else { return answer(id, .notReady) }
        guard !isDiscovering else { return answer(id, .inProgress) }
        isDiscovering = true
        ignoredStops = 0
        let saysFirst = between(0, 1) == 0
        if saysFirst { sayDiscovering() }
        answer(id, nil)
        if !saysFirst { sayDiscovering() }
        beginScan()
    }

    func sayDiscovering() {
        var facts = AdapterFacts()
        facts.isDiscovering = isDiscovering || foreignDiscovery
        emit(.adapterChanged(adapter: 0, facts))
    }

    /// Each strap is shown once; after 10.24 s the kernel starts anew, and its filter too.
    private func beginScan() {
        scan += 1
        let scan = scan
        for strap in straps.indices { advertise(strap, scan) }
        later(10_240 * millisecond) { [unowned self] in
            if self.scan == scan && isDiscovering { beginScan() }
        }
    }

    func advertise(_ strap: Int, _ scan: Int) {
        let pause = between(20 * millisecond, straps[strap].advertisingNanoseconds)
        later(pause) { [unowned self] in
            guard isDiscovering, self.scan == scan, isPowered, deaf == nil, wedged == nil,
                straps[strap].isInRange, !straps[strap].isLinked
            else { return }
            see(strap)
        }
    }

    private func see(_ strap: Int) {
        let address = straps[strap].address
        guard let index = index(address) else {
            var object = ModelObject(strap: strap, address: address, keptUntil: .max)
            object.rssi = straps[strap].rssi
            objects.append(object)
            emit(.deviceFound(adapter: 0, address, facts(object)))
            return keep(address)
        }
        keep(address)
        // A change by less than 8 dBm is not told.
        if let known = objects[index].rssi, abs(Int(known) - Int(straps[strap].rssi)) < 8 { return }
        objects[index].rssi = straps[strap].rssi
        var facts = DeviceFacts()
        facts.rssi = .some(straps[strap].rssi)
        emit(.deviceChanged(adapter: 0, address, facts))
    }

    private func stop(_ id: CallID) {
        if wedged != nil {
            ignoredStops += 1
            return
        }
        guard isDiscovering else { return answer(id, .notStarted) }
        if deaf?.cure == .resubscribe { deaf = nil }
        isDiscovering = false
        if !foreignDiscovery { withdrawRSSI() }
        sayDiscovering()
        answer(id, nil)
    }

    func withdrawRSSI() {
        for index in objects.indices where objects[index].rssi != nil {
            objects[index].rssi = nil
            var facts = DeviceFacts()
            facts.rssi = .some(nil)
            emit(.deviceChanged(adapter: 0, objects[index].address, facts))
        }
    }

    /// A strap that is there (again) or has lost its link advertises.
    public func appear(_ strap: Int) {
        straps[strap].isInRange = true
        advertise(strap, scan)
        let address = straps[strap].address
        guard let index = index(address), objects[index].isAttempted else { return }
        // The kernel still listens for it.
        let attempt = objects[index].attempt
        later(160 * millisecond) { [unowned self] in connected(address, attempt) }
    }
}

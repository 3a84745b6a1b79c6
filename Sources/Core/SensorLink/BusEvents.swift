import Vitals

// What the bus says, put into the copy of BlueZ's objects. What follows from it is begun by the
// steps that `settle` takes.
extension LinkSupervisor {
    mutating func apply(_ event: BluetoothEvent, value: Span<UInt8>) {
        switch event {
        case .busOpened: busOpened()
        case .busClosed: busClosed()
        case .daemonAppeared: daemonAppeared()
        case .daemonVanished: daemonVanished()
        case .completed(let id, let failure): complete(id, failure, value: value)
        case .malformedMessage: counters.malformedMessages += 1
        default:
            guard bus.state == .enumerating || bus.state == .ready else { return }
            applyObject(event)
        }
    }

    private mutating func applyObject(_ event: BluetoothEvent) {
        switch event {
        case .adapterFound(let adapter, let facts), .adapterChanged(let adapter, let facts):
            takeAdapter(adapter, facts)
        case .adapterRemoved(let adapter): removeAdapter(adapter)
        case .deviceFound(let adapter, let address, let facts),
            .deviceChanged(let adapter, let address, let facts):
            takeDevice(adapter, address, facts)
        case .deviceRemoved(let adapter, let address):
            guard let device = devices.index(adapter: adapter, address) else { return }
            forget(device, .deviceRemoved)
        case .characteristicFound(let adapter, let id, let facts),
            .characteristicChanged(let adapter, let id, let facts):
            takeCharacteristic(adapter, id, facts)
        case .characteristicRemoved(let adapter, let id):
            guard let device = devices.index(adapter: adapter, id.device) else { return }
            devices[device].remove(handle: id.handle)
        case .batteryLevel(let adapter, let address, let percent):
            guard let device = devices.index(adapter: adapter, address),
                let sensor = devices[device].sensor
            else { return }
            sensors[sensor].hasBatteryInterface = true
            takeBattery(percent, of: sensor)
        default: return
        }
    }

    // MARK: Devices

    private mutating func takeDevice(
        _ adapter: UInt8, _ address: BluetoothAddress, _ facts: DeviceFacts
    ) {
        guard adapter < LinkLimits.adapters else { return }
        let index = entry(adapter, address)
        let wasConnected = devices[index].isConnected
        let wasResolved = devices[index].servicesResolved
        devices[index].isFound = true
        devices[index].take(facts, now: time)
        devices[index].isWanted = bestChoice(of: index) != nil
        if let rssi = facts.rssi, rssi != nil, adapter == radio.selected { discovery.sighted(time) }
        if devices[index].isWanted { mayBind = true }
        guard let sensor = devices[index].sensor else { return }
        if let name = facts.name { sensors[sensor].name = name }
        if let identity = facts.address { sensors[sensor].identity = identity }
        sensors[sensor].isResolvable = devices[index].isResolvable
        if wasConnected && !devices[index].isConnected {
            linkEnded(sensor, .linkLost)
        } else if wasResolved && !devices[index].servicesResolved {
            servicesEnded(sensor)
        }
    }

    private mutating func takeCharacteristic(
        _ adapter: UInt8, _ id: CharacteristicID, _ facts: CharacteristicFacts
    ) {
        guard adapter < LinkLimits.adapters else { return }
        // Objects are listed in any order: a characteristic may come before its device.
        let index = entry(adapter, id.device)
        devices[index].take(id, facts)
        guard let isNotifying = facts.isNotifying, let sensor = devices[index].sensor,
            let characteristic = devices[index].index(handle: id.handle)
        else { return }
        let kind = devices[index].characteristic(characteristic).kind
        if isNotifying {
            joinedSubscription(sensor, kind)
        } else {
            subscriptionEnded(sensor, kind)
        }
    }

    /// The index of the device, which is made where there is none.
    private mutating func entry(_ adapter: UInt8, _ address: BluetoothAddress) -> Int {
        if let index = devices.index(adapter: adapter, address) { return index }
        let index = devices.place()
        if devices.isUsed(index) { counters.devicesForgotten += 1 }
        devices.insert(Device(adapter: adapter, address: address, now: time), at: index)
        return index
    }

    /// The device's object is gone: so is every call on it, answered or not.
    mutating func forget(_ device: Int, _ cause: LinkCause) {
        if let sensor = devices[device].sensor { detach(sensor, cause) }
        devices.remove(device)
        mayBind = true
    }

    mutating func forgetDevices(of adapter: UInt8?, _ cause: LinkCause) {
        for index in devices.indices where devices.isUsed(index) {
            if adapter == nil || devices[index].adapter == adapter { forget(index, cause) }
        }
    }

    // MARK: Answers

    private mutating func complete(_ id: CallID, _ failure: CallFailure?, value: Span<UInt8>) {
        if failure != nil { counters.callFailures += 1 }
        if failure == .accessDenied { denied(id) }
        if bus.call?.id == id { return enumerated(failure) }
        if shared.call?.id == id { return sharedCallEnded(failure) }
        if radio.call?.id == id { return powerAnswered(failure) }
        if discovery.call?.id == id { return discoveryAnswered(failure) }
        for index in sensors.indices {
            guard let pending = sensors[index].call, pending.id == id else { continue }
            sensors[index].call = nil
            return answered(index, pending.call, failure, value: value)
        }
    }

    /// Reported once. systemd and bluetoothd have rules of their own: to be refused by one says
    /// nothing of the other.
    private mutating func denied(_ id: CallID) {
        if shared.call?.id == id && shared.work == .restarting {
            if !bus.isRestartDenied { report(.restartDenied) }
            bus.isRestartDenied = true
        } else {
            if !bus.isDenied { report(.accessDenied) }
            bus.isDenied = true
        }
    }

    /// Gives up the calls whose deadline has passed.
    mutating func expireCalls() {
        if let call = bus.call, call.deadline <= time {
            bus.call = expired(call)
            enumerationTimedOut()
        }
        if let call = shared.call, call.deadline <= time {
            shared.call = expired(call)
            endShared()
        }
        if let call = radio.call, call.deadline <= time {
            radio.call = expired(call)
            bus.wantsRead = true
            powerFailed()
        }
        if let call = discovery.call, call.deadline <= time {
            discovery.call = expired(call)
            bus.wantsRead = true
            discoveryTimedOut()
        }
        for index in sensors.indices {
            guard let call = sensors[index].call, call.deadline <= time else { continue }
            sensors[index].call = expired(call)
            timedOut(index, call.call)
        }
    }

    private mutating func expired(_ call: PendingCall) -> PendingCall? {
        counters.callTimeouts += 1
        return abandoned(call)
    }
}

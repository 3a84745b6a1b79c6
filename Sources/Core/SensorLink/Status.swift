import Uplink

// What is told of the links: states that are derived from what is there.
extension LinkSupervisor {
    /// When `advance` has something to do by itself; nil for never.
    public var nextDeadline: Int64? {
        var earliest = min(
            daemonDeadline ?? .max, sharedDeadline ?? .max, adapterDeadline ?? .max)
        earliest = min(earliest, discoveryDeadline ?? .max)
        let isReady = isReady
        for index in sensors.indices {
            if let call = sensors[index].call { earliest = min(earliest, call.deadline) }
            if isReady { earliest = min(earliest, sensorDeadline(index)) }
        }
        if earliest < .max { return earliest }
        // What is waited for comes from outside, or may not be helped.
        return isComplete ? nil : time + Self.heartbeat
    }

    /// A look around, so that a watchdog sees progress while something is missing.
    private static let heartbeat = 60 * second

    private var isComplete: Bool {
        for index in sensors.indices where sensors[index].isEnabled {
            if sensors[index].phase != .streaming { return false }
        }
        return true
    }

    /// When the sensor has something to do of itself; calls keep their own deadlines.
    private func sensorDeadline(_ index: Int) -> Int64 {
        guard let device = sensors[index].device else { return .max }
        var due = sensors[index].due
        switch sensors[index].phase {
        case .idle:
            let retryAt = sensors[index].retryAt
            // Once it is over, the turn of others is what it waits for.
            let waits =
                retryAt > time
                && (sensors[index].isEnabled ? isSeen(device) : devices[device].isConnected)
            return waits ? retryAt : .max
        case .resolving: due = min(due, sensors[index].rereadAt ?? due)
        case .streaming:
            due = min(due, silenceDue(index) ?? due, sensors[index].batteryReadAt)
            if sensors[index].call == nil { due = min(due, sensors[index].askAt) }
            if !isJudged(index) && sensors[index].isUnsettled {
                due = min(due, sensors[index].streamingSince + settings.deadlines.stable)
            }
        default: break
        }
        return due
    }

    // MARK: States

    func state(_ index: Int) -> SensorState {
        guard sensors[index].isEnabled else { return .disabled }
        let isResubscribing = sensors[index].ladder.rung == .resubscribe
        switch sensors[index].phase {
        case .connecting, .aborted: return .connecting
        case .resolving: return .resolving
        case .subscribing, .listening:
            return isResubscribing && sensors[index].lastValueAt != nil ? .silent : .subscribing
        case .streaming: return .streaming
        case .unsubscribing: return .silent
        case .disconnecting, .parting, .removing: return .recovering
        case .idle:
            if shared.work != .none && sensors[index].ladder.rung != nil { return .recovering }
            guard bus.state == .ready, radio.isPowered else { return .absent }
            guard let device = sensors[index].device, isSeen(device) else { return .discovering }
            return sensors[index].ladder.rung == nil ? .connecting : .recovering
        }
    }

    private func next(_ index: Int) -> (step: NextStep, at: Int64?) {
        let due = sensors[index].due == .max ? sensors[index].call?.deadline : sensors[index].due
        guard sensors[index].isEnabled else { return (.nothing, nil) }
        switch sensors[index].phase {
        case .connecting, .aborted: return (.awaitConnection, due)
        case .resolving: return (.awaitServices, due)
        case .subscribing, .unsubscribing: return (.awaitSubscription, due)
        case .listening: return (.awaitValue, due)
        case .streaming: return (.awaitValue, silenceDue(index))
        case .disconnecting, .parting: return (.climb(.reconnect), due)
        case .removing: return (.climb(.removeDevice), due)
        case .idle: break
        }
        if shared.work != .none { return (.climb(shared.rung), sharedDeadline) }
        switch bus.state {
        case .busClosed: return (.openBus, bus.due)
        case .away, .enumerating: return (.awaitDaemon, daemonDeadline)
        case .ready: break
        }
        guard radio.selected != nil else { return (.awaitAdapter, adapterDeadline) }
        guard radio.isPowered else { return (.awaitPower, adapterDeadline) }
        guard let device = sensors[index].device, isSeen(device) else { return (.discover, nil) }
        return (.connect, max(time, sensors[index].retryAt))
    }

    /// One report for each state that differs from the one that was told last.
    mutating func reportChanges() {
        if bus.state != bus.reported {
            report(.daemonChanged(from: bus.reported, to: bus.state, bus.cause))
            bus.reported = bus.state
        }
        if adapter != radio.reported {
            report(.adapterChanged(from: radio.reported, to: adapter, radio.cause))
            radio.reported = adapter
        }
        for index in sensors.indices {
            let old = sensors[index].reported
            let new = state(index)
            guard new != old else { continue }
            let next = next(index)
            sensors[index].reported = new
            report(
                .sensorChanged(
                    sensor: index, from: old, to: new, sensors[index].cause, next: next.step,
                    at: next.at))
        }
    }

    public func status(sensor index: Int, now: Int64) -> SensorStatus? {
        guard sensors.indices.contains(index) else { return nil }
        let sensor = sensors[index]
        let next = next(index)
        return SensorStatus(
            state: state(index), choice: sensor.choice,
            address: sensor.identity ?? chosenAddress(sensor.choice), name: sensor.name,
            rssi: sensor.device.flatMap { devices[$0].lastRSSI },
            batteryPercent: sensor.battery,
            ageNanoseconds: sensor.lastValueAt.map { max(0, now - $0) },
            intervalNanoseconds: sensor.interval, isFrozen: sensor.watch.isFrozen,
            notifyMode: sensor.mode, bodyLocation: sensor.bodyLocation,
            manufacturer: sensor.manufacturer, model: sensor.model,
            serialNumber: sensor.serialNumber, firmware: sensor.firmware,
            counters: sensor.counters, failures: sensor.backoff.failures,
            rung: sensor.ladder.rung, cause: sensor.cause, next: next.step, nextAt: next.at)
    }

    private func chosenAddress(_ choice: Int) -> BluetoothAddress? {
        if case .address(let address) = settings.choices[choice].rule { return address }
        return nil
    }

    /// What is known of near devices, by index 0 ..< `LinkLimits.devices`; nil where there is none.
    public func device(_ index: Int, now: Int64) -> NearbyDevice? {
        guard devices.indices.contains(index), devices.isUsed(index), devices[index].isFound else {
            return nil
        }
        let device = devices[index]
        return NearbyDevice(
            adapter: device.adapter, address: device.identity, addressKind: device.kind,
            name: device.name, rssi: device.rssi ?? device.lastRSSI, services: device.services,
            isConnected: device.isConnected, isPaired: device.isPaired, sensor: device.sensor,
            ageNanoseconds: max(0, now - device.touchedAt))
    }

    /// Calls that are under way: at rest there is none.
    public var pendingCalls: Int {
        var count = 0
        if bus.call != nil { count += 1 }
        if shared.call != nil { count += 1 }
        if radio.call != nil { count += 1 }
        if discovery.call != nil { count += 1 }
        for index in sensors.indices where sensors[index].call != nil { count += 1 }
        return count
    }
}

import Vitals

// Which device has which sensor index.
extension LinkSupervisor {
    /// A slot for another device with the same name is free of its device when that was not seen
    /// for this long: a resolvable address that was replaced is not advertised any more.
    private static let rotation = 5 * second

    private func fits(_ device: Int, _ choice: Int) -> Bool {
        let wanted = settings.choices[choice]
        switch wanted.rule {
        case .address(let address):
            return devices[device].address == address || devices[device].identity == address
        case .name(let pattern):
            return devices[device].name.count > 0 && pattern.matches(devices[device].name.bytes)
        case .service: return devices[device].services.contains(wantedServices[choice])
        }
    }

    /// It may be taken now: objects out of BlueZ's store, which nobody has seen, are no sensors,
    /// except the very one that was asked for.
    private func isTakeable(_ device: Int, _ choice: Int) -> Bool {
        if devices[device].isConnected { return true }
        if case .address = settings.choices[choice].rule { return true }
        guard devices[device].seenAt != nil else { return false }
        guard let limit = settings.choices[choice].rssiLimit else { return true }
        return devices[device].lastRSSI.map { $0 >= limit } ?? false
    }

    /// The most exact choice that fits the device.
    func bestChoice(of device: Int) -> Int? {
        var best: Int?
        for choice in settings.choices.indices where fits(device, choice) {
            let exactness = settings.choices[choice].exactness
            if let best, settings.choices[best].exactness <= exactness { continue }
            best = choice
        }
        return best
    }

    /// Gives sensor indices to devices that have come: to connected ones first.
    mutating func bindDevices() {
        guard mayBind, bus.state == .ready, let adapter = radio.selected else { return }
        mayBind = false
        for connected in [true, false] {
            for device in devices.indices where devices.isUsed(device) {
                guard devices[device].isFound, devices[device].isWanted,
                    devices[device].adapter == adapter,
                    devices[device].isConnected == connected
                else { continue }
                bind(device)
            }
        }
    }

    private mutating func bind(_ device: Int) {
        let held = devices[device].sensor
        if let held, sensors[held].phase != .idle { return }
        let limit = held.map { settings.choices[sensors[$0].choice].exactness } ?? Int.max
        guard let sensor = slot(for: device, below: limit) else { return }
        if let held {
            // A name came, and with it a more exact choice.
            release(held)
        }
        take(device, as: sensor)
    }

    /// The sensor index for the device, of the most exact choice with a free one that is more exact
    /// than `limit`.
    private func slot(for device: Int, below limit: Int) -> Int? {
        var best: (sensor: Int, rank: Int)?
        for sensor in sensors.indices {
            let choice = sensors[sensor].choice
            let exactness = settings.choices[choice].exactness
            guard exactness < limit, sensors[sensor].isEnabled, fits(device, choice),
                isTakeable(device, choice), let claim = claim(device, sensor)
            else { continue }
            let rank = exactness * 8 + claim
            if let best, best.rank <= rank { continue }
            best = (sensor, rank)
        }
        return best?.sensor
    }

    /// How good a claim the device has on the index, 0 the best; nil for none.
    private func claim(_ device: Int, _ sensor: Int) -> Int? {
        guard let address = sensors[sensor].address else { return 2 }
        if sensors[sensor].device == nil {
            if address == devices[device].address { return 0 }
            if sensors[sensor].identity == devices[device].identity { return 0 }
        }
        guard isFree(sensor) else { return nil }
        let isRotated =
            sensors[sensor].isResolvable && devices[device].isResolvable
            && sensors[sensor].name == devices[device].name
        if isRotated { return 1 }
        // A choice with one index means that device; with several, whoever is there.
        let isGone = time - sensors[sensor].absentSince > settings.deadlines.hold
        return sensors[sensor].device == nil && isGone ? 3 : nil
    }

    /// Its device is not there: no link, no attempt, no sighting of late.
    private func isFree(_ sensor: Int) -> Bool {
        guard sensors[sensor].phase == .idle else { return false }
        guard let device = sensors[sensor].device else { return true }
        guard !devices[device].isConnected, devices[device].rssi == nil else { return false }
        return devices[device].seenAt.map { time - $0 > Self.rotation } ?? true
    }

    private mutating func take(_ device: Int, as sensor: Int) {
        let isSame =
            sensors[sensor].address == devices[device].address
            || sensors[sensor].address != nil
                && sensors[sensor].identity == devices[device].identity
        if !isSame && sensors[sensor].address != nil { release(sensor) }
        sensors[sensor].device = device
        sensors[sensor].address = devices[device].address
        sensors[sensor].identity = devices[device].identity
        sensors[sensor].isResolvable = devices[device].isResolvable
        if devices[device].name.count > 0 { sensors[sensor].name = devices[device].name }
        sensors[sensor].turn = nextTurn()
        devices[device].sensor = sensor
        if isSame { return }
        report(.bound(sensor: sensor, devices[device].address, devices[device].name))
    }

    /// The index is free for another device, and what was learned of the old one is forgotten.
    private mutating func release(_ sensor: Int) {
        guard let address = sensors[sensor].address else { return }
        if let device = sensors[sensor].device { devices[device].sensor = nil }
        dropCall(sensor)
        report(.released(sensor: sensor, address))
        sensors[sensor].forgetDevice()
        sensors[sensor].absentSince = time
    }
}

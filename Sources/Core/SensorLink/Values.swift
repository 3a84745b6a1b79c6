import Vitals

// What a sensor sends: measurements, its battery, and what it says about itself.
extension LinkSupervisor {
    mutating func takeValue(
        _ value: Span<UInt8>, adapter: UInt8, _ id: CharacteristicID
    ) -> LinkDelivery? {
        guard let device = devices.index(adapter: adapter, id.device),
            let sensor = devices[device].sensor, sensors[sensor].isEnabled,
            let place = devices[device].index(handle: id.handle)
        else { return nil }
        let kind = devices[device].characteristic(place).kind
        if kind == .batteryLevel, let percent = value.first { takeBattery(percent, of: sensor) }
        let choice = sensors[sensor].choice
        guard kind.isMeasurement, settings.choices[choice].measurements.contains(kind) else {
            return nil
        }
        sensors[sensor].counters.values += 1
        if kind == .heartRateMeasurement { watch(value, of: sensor) }
        if kind.isContinuous || !isJudged(sensor) { noteArrival(sensor) }
        return LinkDelivery(
            sensor: sensor, characteristic: kind,
            isFrozen: kind == .heartRateMeasurement && sensors[sensor].watch.isFrozen)
    }

    private mutating func noteArrival(_ index: Int) {
        if let last = sensors[index].lastValueAt, time - last <= 10 * second {
            // A sensor that is slower than was thought is learned soon, before its silence is
            // taken for trouble again and again.
            let share: Int64 = time - last > silenceLimit(index) ? 4 : 8
            let interval =
                sensors[index].interval + (time - last - sensors[index].interval) / share
            sensors[index].interval = min(max(interval, 100 * millisecond), 10 * second)
        }
        sensors[index].lastValueAt = time
        sensors[index].hasValue = true
        sensors[index].mutedSignals = 0
        if sensors[index].phase == .listening {
            stream(index)
            settle()
        } else if sensors[index].phase == .streaming && sensors[index].isUnsettled
            && time - sensors[index].streamingSince >= settings.deadlines.stable
        {
            calm(index)
        }
    }

    private mutating func watch(_ value: Span<UInt8>, of index: Int) {
        let limit = settings.deadlines.frozen
        guard sensors[index].watch.take(value, now: time, limit: limit) else { return }
        let isFrozen = sensors[index].watch.isFrozen
        if isFrozen { sensors[index].counters.frozen += 1 }
        report(isFrozen ? .frozen(sensor: index) : .unfrozen(sensor: index))
    }

    mutating func takeBattery(_ percent: UInt8, of index: Int) {
        guard percent <= 100 else { return }
        sensors[index].battery = percent
        if !sensors[index].batteryIsLow && percent <= settings.batteryLowPercent {
            sensors[index].batteryIsLow = true
            report(.batteryLow(sensor: index, percent: percent))
        } else if sensors[index].batteryIsLow && percent > settings.batteryWellPercent {
            sensors[index].batteryIsLow = false
            report(.batteryWell(sensor: index, percent: percent))
        }
    }

    // MARK: A stream

    /// The stream ends by itself then: nil where silence says nothing.
    func silenceDue(_ index: Int) -> Int64? {
        guard isJudged(index) else { return nil }
        let last = max(sensors[index].lastValueAt ?? 0, sensors[index].streamingSince)
        return last + silenceLimit(index)
    }

    mutating func stepStreaming(_ index: Int, _ device: Int) {
        if let due = silenceDue(index), time >= due { return silent(index) }
        if !isJudged(index) && sensors[index].isUnsettled
            && time - sensors[index].streamingSince >= settings.deadlines.stable
        {
            calm(index)
        }
        if time >= sensors[index].batteryReadAt {
            sensors[index].batteryReadAt = .max
            sensors[index].asked.remove(CharacteristicSet(.batteryLevel))
            sensors[index].askAt = time
        }
        guard sensors[index].call == nil, time >= sensors[index].askAt else { return }
        guard let place = nextToAsk(index, device) else {
            sensors[index].askAt = .max
            return
        }
        let kind = devices[device].characteristic(place).kind
        sensors[index].asked.insert(CharacteristicSet(kind))
        let id = devices[device].id(place)
        sensors[index].call = begin(
            .readValue(adapter: devices[device].adapter, id), within: settings.deadlines.call)
    }

    /// One thing after the other, once a link each, until it was answered.
    private func nextToAsk(_ index: Int, _ device: Int) -> Int? {
        for place in 0..<devices[device].characteristicCount {
            let kind = devices[device].characteristic(place).kind
            guard !sensors[index].asked.contains(kind) else { continue }
            switch kind {
            case .batteryLevel where !sensors[index].hasBatteryInterface: return place
            case .bodySensorLocation, .manufacturerName, .modelNumber, .serialNumber,
                .firmwareRevision:
                return place
            default: continue
            }
        }
        return nil
    }

    mutating func takeRead(_ value: Span<UInt8>, _ id: CharacteristicID, of index: Int) {
        guard let device = sensors[index].device,
            let place = devices[device].index(handle: id.handle)
        else { return }
        let kind = devices[device].characteristic(place).kind
        switch kind {
        case .batteryLevel:
            if let percent = value.first { takeBattery(percent, of: index) }
            // Battery levels that BlueZ does not follow are looked at once an hour.
            sensors[index].batteryReadAt = time + 3_600 * second
            sensors[index].answered.insert(CharacteristicSet(kind))
            return
        case .bodySensorLocation:
            guard let location = value.first else { return }
            sensors[index].bodyLocation = location
        case .manufacturerName: sensors[index].manufacturer = DeviceName(value)
        case .modelNumber: sensors[index].model = DeviceName(value)
        case .serialNumber: sensors[index].serialNumber = DeviceName(value)
        case .firmwareRevision: sensors[index].firmware = DeviceName(value)
        default: return
        }
        sensors[index].answered.insert(CharacteristicSet(kind))
        report(.described(sensor: index, kind))
    }
}

extension Span<UInt8> {
    fileprivate var first: UInt8? { isEmpty ? nil : self[0] }
}

import Configuration
import Linux
import SensorLink
import Vitals

extension RadioPlan {
    /// The configuration's words in the terms of the supervisor; nil when the input is none.
    init?(_ configuration: Configuration) {
        guard configuration.input.source == .bluetooth else { return nil }
        let bluetooth = configuration.bluetooth
        var choices = configuration.sensors.map { SensorChoice($0) }
        if bluetooth.anyLimit > 0 {
            choices.append(
                SensorChoice(
                    .service(.heartRate), slots: bluetooth.anyLimit,
                    rssiLimit: bluetooth.rssiLimit))
        }
        links = LinkSettings(choices: choices, adapter: bluetooth.adapter, seed: Entropy.draw())
        links.deadlines.silence = bluetooth.silenceNanoseconds
        // The longest time that there is stands for never.
        links.deadlines.frozen =
            bluetooth.frozenNanoseconds == 0 ? Int64.max / 2 : bluetooth.frozenNanoseconds
        if !bluetooth.switchesOn { links.permissions.remove(.powerOn) }
        if !bluetooth.restartsDaemon { links.permissions.remove(.restartDaemon) }
        if !bluetooth.resetsRadio { links.permissions.remove(.resetRadio) }
        let named = configuration.sensors.count
        unnamed = named..<named + bluetooth.anyLimit
    }
}

extension SensorChoice {
    init(_ sensor: Configuration.Sensor) {
        let rule: Rule
        if let address = sensor.address {
            rule = .address(BluetoothAddress(address))
        } else if let pattern = sensor.pattern {
            rule = .name(NamePattern(pattern))
        } else {
            rule = .service(Service(sensor.service))
        }
        self.init(
            rule, rssiLimit: sensor.rssiLimit, measurements: CharacteristicSet(sensor.service))
    }
}

extension Service {
    init(_ service: Configuration.Sensor.Service) {
        self =
            switch service {
            case .heartRate: .heartRate
            case .bloodPressure: .bloodPressure
            case .thermometer: .healthThermometer
            case .pulseOximeter: .pulseOximeter
            case .glucose: .glucose
            }
    }
}

extension CharacteristicSet {
    /// What is subscribed to of a service.
    init(_ service: Configuration.Sensor.Service) {
        self =
            switch service {
            case .heartRate: .heartRate
            case .bloodPressure: CharacteristicSet(.bloodPressureMeasurement)
            case .thermometer: CharacteristicSet(.temperatureMeasurement)
            case .pulseOximeter:
                [
                    CharacteristicSet(.pulseOximeterContinuous),
                    CharacteristicSet(.pulseOximeterSpotCheck),
                ]
            case .glucose: CharacteristicSet(.glucoseMeasurement)
            }
    }
}

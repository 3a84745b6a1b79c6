public import Vitals

/// A value is a measurement of a sensor. Its bytes are those beside the event.
public struct LinkDelivery: Equatable, Sendable {
    public let sensor: Int
    public let characteristic: Characteristic
    /// It repeats what has been sent for long: it is shown, and neither judged nor sent.
    public let isFrozen: Bool
}

/// One sensor as it stands.
public struct SensorStatus: Equatable, Sendable {
    public let state: SensorState
    /// Index of the choice in the settings.
    public let choice: Int
    /// The device that has this sensor index: its identity where it is known.
    public let address: BluetoothAddress?
    public let name: DeviceName
    /// dBm, of the last advertisement: nothing measures it while connected.
    public let rssi: Int16?
    public let batteryPercent: UInt8?
    /// Since the last measurement, nanoseconds.
    public let ageNanoseconds: Int64?
    /// Between measurements, as a rule, nanoseconds.
    public let intervalNanoseconds: Int64
    public let isFrozen: Bool
    public let notifyMode: NotifyMode
    /// Body Sensor Location (0x2A38) as sent: 0 other, 1 chest, 2 wrist, 3 finger, 4 hand,
    /// 5 ear lobe, 6 foot.
    public let bodyLocation: UInt8?
    public let manufacturer: DeviceName
    public let model: DeviceName
    public let serialNumber: DeviceName
    public let firmware: DeviceName
    public let counters: SensorCounters
    /// Failures since its last good stream.
    public let failures: Int
    /// The rung it stands on; nil when it is not in trouble.
    public let rung: Rung?
    public let cause: LinkCause
    public let next: NextStep
    /// Monotonic nanoseconds.
    public let nextAt: Int64?
}

/// A device that is known at the moment, for a list of what is near.
public struct NearbyDevice: Equatable, Sendable {
    public let adapter: UInt8
    /// The identity where it is known, else the one that it was found with.
    public let address: BluetoothAddress
    public let addressKind: AddressKind?
    public let name: DeviceName
    public let rssi: Int16?
    public let services: ServiceSet
    public let isConnected: Bool
    public let isPaired: Bool
    /// The sensor that it is.
    public let sensor: Int?
    /// Since its last advertisement or change, nanoseconds.
    public let ageNanoseconds: Int64
}

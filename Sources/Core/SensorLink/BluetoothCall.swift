/// Something to do on the bus. Calls carry no time-out of their own: who asks keeps the
/// deadline and gives the call up with `BluetoothAction.abandon`.
public enum BluetoothCall: Equatable, Sendable {
    /// `ObjectManager.GetManagedObjects`: everything there is comes as `…Found` events, before
    /// the completion.
    case enumerate
    /// `Adapter1.Powered`.
    case setPowered(adapter: UInt8, Bool)
    /// `Adapter1.SetDiscoveryFilter` with Transport "le", DuplicateData false, and the RSSI limit
    /// where there is one (dBm).
    case setDiscoveryFilter(adapter: UInt8, rssiLimit: Int16?)
    case startDiscovery(adapter: UInt8)
    case stopDiscovery(adapter: UInt8)
    case removeDevice(adapter: UInt8, BluetoothAddress)
    case connect(adapter: UInt8, BluetoothAddress)
    /// Also ends a `connect` that is under way.
    case disconnect(adapter: UInt8, BluetoothAddress)
    case startNotify(adapter: UInt8, CharacteristicID)
    case stopNotify(adapter: UInt8, CharacteristicID)
    /// `AcquireNotify`: values come through a socket of their own, as `valueArrived` all the
    /// same. Its end of file comes as `characteristicChanged` with `isNotifying` false.
    case acquireNotify(adapter: UInt8, CharacteristicID)
    case releaseNotify(adapter: UInt8, CharacteristicID)
    case readValue(adapter: UInt8, CharacteristicID)
    /// `systemd1.Manager.RestartUnit("bluetooth.service", "replace")`.
    case restartDaemon
    /// rfkill: blocks and unblocks the radio of the adapter; every Bluetooth radio when nil. One
    /// that is blocked is unblocked, or left alone.
    case resetRadio(adapter: UInt8?, unblocks: Bool)
}

/// What the supervisor of the links wants done.
public enum BluetoothAction: Equatable, Sendable {
    case openBus
    /// Answered by `completed`, exactly once, unless it is abandoned first or the bus closes.
    case call(CallID, BluetoothCall)
    /// The answer is not wanted any more: it must not come as an event.
    case abandon(CallID)
}

internal import SensorLink

/// What the errors of BlueZ, of the bus and of systemd mean.
///
/// BlueZ has few error names for many causes and changes them between versions, so name and text
/// are both looked at. The texts are those of BlueZ 5.50 to 5.82 (src/error.c, src/device.c,
/// src/adapter.c, src/gatt-client.c).
enum CallErrors {
    /// One row: the first that fits counts. A text ends with `*` where only its beginning does.
    private struct Row: Sendable {
        let name: StaticString
        let text: StaticString
        /// nil: what was asked for is so already.
        let failure: CallFailure?

        init(_ name: StaticString, _ text: StaticString, _ failure: CallFailure?) {
            self.name = name
            self.text = text
            self.failure = failure
        }
    }

    /// `org.bluez.Error.…`
    private static let daemonRows = [
        Row("InProgress", "*", .inProgress),
        Row("Failed", "Operation already in progress", .inProgress),
        Row("Failed", "In Progress", .inProgress),
        Row("AlreadyConnected", "*", nil),
        Row("Failed", "le-connection-adapter-not-powered", .notReady),
        Row("Failed", "br-connection-adapter-not-powered", .notReady),
        Row("Failed", "le-connection-*", .connectionAborted),
        Row("Failed", "br-connection-canceled", .connectionCancelled),
        Row("Failed", "br-connection-*", .classicBluetooth),
        // Before 5.58, the kernel's words.
        Row("Failed", "Software caused connection abort", .connectionAborted),
        Row("Failed", "Connection reset by peer", .connectionAborted),
        Row("Failed", "Connection refused", .connectionAborted),
        Row("Failed", "Connection timed out", .connectionAborted),
        Row("Failed", "Host is down", .connectionAborted),
        Row("Failed", "Operation canceled", .connectionCancelled),
        Row("ConnectionAttemptFailed", "*", .connectionAborted),
        // Switching on while bluetoothd does so by itself (AutoEnable), as at every boot.
        Row("Busy", "*", .inProgress),
        Row("Failed", "Busy", .inProgress),
        Row("NotReady", "*", .notReady),
        Row("Failed", "Input/output error", .notReady),
        // Power on while the radio is blocked.
        Row("Failed", "Failed", .notReady),
        Row("Blocked", "*", .notReady),
        Row("DoesNotExist", "*", .unknownObject),
        Row("NotConnected", "*", .notConnected),
        Row("Failed", "Not connected", .notConnected),
        Row("Failed", "Not Connected", .notConnected),
        Row("Failed", "No discovery started", .notStarted),
        Row("Failed", "No notify session started", .notStarted),
        Row("AuthenticationFailed", "*", .authentication),
        Row("AuthenticationCanceled", "*", .authentication),
        Row("AuthenticationRejected", "*", .authentication),
        Row("AuthenticationTimeout", "*", .authentication),
        // The sensor wants to be paired: ATT errors 0x05, 0x0C and 0x0F.
        Row("NotPermitted", "Not paired", .authentication),
        Row("NotPermitted", "*", .notPermitted),
        Row("NotSupported", "*", .notPermitted),
        Row("NotAuthorized", "*", .notPermitted),
    ]

    /// `org.freedesktop.DBus.Error.…`
    private static let busRows = [
        Row("UnknownObject", "*", .unknownObject),
        Row("UnknownMethod", "*", .unknownObject),
        Row("UnknownInterface", "*", .unknownObject),
        Row("NameHasNoOwner", "*", .daemonAway),
        Row("ServiceUnknown", "*", .daemonAway),
        Row("Spawn.*", "*", .daemonAway),
        Row("FileExists", "*", .daemonAway),
        Row("NoReply", "*", .daemonAway),
        Row("Disconnected", "*", .daemonAway),
        Row("Timeout", "*", .daemonAway),
        Row("TimedOut", "*", .daemonAway),
        Row("NoMemory", "*", .notSent),
        Row("LimitsExceeded", "*", .notSent),
        Row("AccessDenied", "*", .accessDenied),
        Row("AuthFailed", "*", .accessDenied),
        Row("InteractiveAuthorizationRequired", "*", .accessDenied),
    ]

    /// `org.freedesktop.systemd1.…`
    private static let systemdRows = [
        Row("NoSuchUnit", "*", .unknownObject),
        Row("UnitMasked", "*", .daemonAway),
    ]

    /// nil: what was asked for is so already, and the call has not failed.
    static func failure(name: Span<UInt8>, text: Span<UInt8>) -> CallFailure? {
        for (prefix, rows) in [
            ("org.bluez.Error.", daemonRows), ("org.freedesktop.DBus.Error.", busRows),
            ("org.freedesktop.systemd1.", systemdRows),
        ] as [(StaticString, [Row])] {
            let length = prefix.utf8CodeUnitCount
            guard name.count > length, name.extracting(0..<length).equals(prefix) else { continue }
            let rest = name.extracting(length..<name.count)
            for row in rows where rest.fits(row.name) && text.fits(row.text) {
                return row.failure
            }
        }
        return .other
    }
}

extension Span<UInt8> {
    /// The bytes are those of `pattern`, or begin with what stands before its last `*`.
    fileprivate func fits(_ pattern: StaticString) -> Bool {
        let length = pattern.utf8CodeUnitCount
        guard length > 0, unsafe pattern.utf8Start[length - 1] == UInt8(ascii: "*") else {
            return equals(pattern)
        }
        guard count >= length - 1 else { return false }
        for index in 0..<length - 1 where unsafe self[index] != pattern.utf8Start[index] {
            return false
        }
        return true
    }
}

import BlueZ
import SensorLink
import TestSupport
import Testing

/// What BlueZ 5.66 and 5.82, dbus-daemon 1.14 and systemd 252 were seen to answer.
struct CallErrorsTests {
    private func failure(_ name: String, _ text: String?) throws -> CallFailure? {
        let bench = MessageBench()
        let bytes = WireMessage.error(name, text.map { [.string($0)] } ?? []).bytes
        let isLoaded = bench.load(bytes.span)
        try #require(isLoaded)
        var found: [BluetoothEvent] = []
        bench.read(as: .failure) { found.append($0) }
        guard case .completed(_, let failure)? = found.first, found.count == 1 else {
            Issue.record("no completion: \(found)")
            return nil
        }
        return failure
    }

    @Test(
        arguments: [
            ("org.bluez.Error.InProgress", "Operation already in progress", CallFailure.inProgress),
            ("org.bluez.Error.InProgress", "In Progress", .inProgress),
            ("org.bluez.Error.Failed", "Operation already in progress", .inProgress),
            ("org.bluez.Error.Failed", "In Progress", .inProgress),
            ("org.bluez.Error.Failed", "le-connection-abort-by-local", .connectionAborted),
            ("org.bluez.Error.Failed", "le-connection-refused", .connectionAborted),
            ("org.bluez.Error.Failed", "Software caused connection abort", .connectionAborted),
            ("org.bluez.Error.Failed", "Host is down", .connectionAborted),
            ("org.bluez.Error.ConnectionAttemptFailed", "Page Timeout", .connectionAborted),
            ("org.bluez.Error.Failed", "br-connection-canceled", .connectionCancelled),
            ("org.bluez.Error.Failed", "Operation canceled", .connectionCancelled),
            ("org.bluez.Error.Failed", "br-connection-page-timeout", .classicBluetooth),
            ("org.bluez.Error.Failed", "br-connection-profile-unavailable", .classicBluetooth),
            ("org.bluez.Error.Failed", "br-connection-adapter-not-powered", .notReady),
            ("org.bluez.Error.Failed", "le-connection-adapter-not-powered", .notReady),
            ("org.bluez.Error.Failed", "Input/output error", .notReady),
            ("org.bluez.Error.Failed", "Failed", .notReady),
            ("org.bluez.Error.NotReady", "Resource Not Ready", .notReady),
            ("org.bluez.Error.Failed", "No discovery started", .notStarted),
            ("org.bluez.Error.Failed", "No notify session started", .notStarted),
            ("org.bluez.Error.DoesNotExist", "Does Not Exist", .unknownObject),
            ("org.bluez.Error.NotConnected", "Not Connected", .notConnected),
            ("org.bluez.Error.Failed", "Not connected", .notConnected),
            ("org.bluez.Error.NotSupported", "Operation is not supported", .notPermitted),
            ("org.bluez.Error.NotPermitted", "Notify acquired", .notPermitted),
            ("org.bluez.Error.NotPermitted", "Read not permitted", .notPermitted),
            ("org.bluez.Error.NotPermitted", "Not paired", .authentication),
            ("org.bluez.Error.NotAuthorized", "Operation Not Authorized", .notPermitted),
            ("org.bluez.Error.AuthenticationFailed", "Authentication Failed", .authentication),
            ("org.bluez.Error.AuthenticationCanceled", "", .authentication),
            ("org.bluez.Error.AuthenticationRejected", "", .authentication),
            ("org.bluez.Error.AuthenticationTimeout", "", .authentication),
            (
                "org.freedesktop.DBus.Error.UnknownObject",
                "Method \"Connect\" with signature \"\" doesn't exist", .unknownObject
            ),
            ("org.freedesktop.DBus.Error.UnknownMethod", "", .unknownObject),
            ("org.freedesktop.DBus.Error.UnknownInterface", "", .unknownObject),
            ("org.freedesktop.DBus.Error.NameHasNoOwner", "", .daemonAway),
            ("org.freedesktop.DBus.Error.ServiceUnknown", "", .daemonAway),
            (
                "org.freedesktop.DBus.Error.Spawn.ChildExited",
                "Launch helper exited with unknown return code 1", .daemonAway
            ),
            ("org.freedesktop.DBus.Error.FileExists", "", .daemonAway),
            ("org.freedesktop.DBus.Error.NoReply", "", .daemonAway),
            ("org.freedesktop.DBus.Error.Disconnected", "", .daemonAway),
            ("org.freedesktop.DBus.Error.TimedOut", "", .daemonAway),
            ("org.freedesktop.DBus.Error.NoMemory", "", .notSent),
            ("org.freedesktop.DBus.Error.LimitsExceeded", "", .notSent),
            ("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message", .accessDenied),
            ("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "", .accessDenied),
            ("org.freedesktop.systemd1.NoSuchUnit", "Unit not found", .unknownObject),
            ("org.freedesktop.systemd1.UnitMasked", "", .daemonAway),
            ("org.bluez.Error.Busy", "", .inProgress),
            ("org.bluez.Error.Failed", "Busy", .inProgress),
            ("org.bluez.Error.Failed", "Something new", .other),
            ("org.bluez.Error.Failed", "Input/output error, again", .other),
            ("org.bluez.Error.Fail", "Failed", .other),
            ("org.bluez.Error.InvalidArguments", "", .other),
            ("org.freedesktop.DBus.Error.InvalidArgs", "No such property 'RSSI'", .other),
            ("org.example.InProgress", "In Progress", .other),
        ] as [(String, String, CallFailure)])
    func nameAndTextSayWhatFollows(
        _ name: String, _ text: String, _ expected: CallFailure
    ) throws {
        #expect(try failure(name, text) == expected)
    }

    @Test func errorWithoutTextIsReadByItsName() throws {
        #expect(try failure("org.bluez.Error.NotReady", nil) == .notReady)
        #expect(try failure("org.bluez.Error.Failed", nil) == .other)
    }

    @Test func whatIsSoAlreadyIsNoFailure() throws {
        #expect(try failure("org.bluez.Error.AlreadyConnected", "Already Connected") == nil)
    }
}

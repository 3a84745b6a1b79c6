import Bytes
import SensorLink
import Vitals

/// What people read of the links: who, what, why, and what comes next.
enum RadioText {
    /// The line of a report and how grave it is. `now` is monotonic nanoseconds.
    static func line(_ report: LinkReport, sensors: [String], now: Int64) -> (LogLevel, String) {
        switch report {
        case .sensorChanged(let sensor, let from, let to, let cause, let next, let at):
            let step = to == .streaming ? "" : text(next, within: at.map { $0 - now })
            return (
                level(from: from, to: to, cause),
                "sensor \(sensors[sensor]): \(text(to))\(because(cause))\(step)"
            )
        case .adapterChanged(_, let to, let cause):
            let isBad = (to == .absent || to == .off) && cause != .progress
            return (
                isBad ? .warning : .debug, "bluetooth adapter: \(text(to))\(because(cause))"
            )
        case .daemonChanged(_, let to, let cause):
            let level: LogLevel =
                switch to {
                case .busClosed, .away: cause == .progress ? .debug : .warning
                case .enumerating: .debug
                case .ready: .information
                }
            return (level, "bluetooth: \(text(to))\(because(cause))")
        case .bound(let sensor, let address, let name):
            let called = name.count > 0 ? " \"\(text(name))\"" : ""
            return (.notice, "sensor \(sensors[sensor]): is \(text(address))\(called)")
        case .released(let sensor, let address):
            return (.notice, "sensor \(sensors[sensor]): is no longer \(text(address))")
        default: return trouble(report, sensors: sensors)
        }
    }

    private static func trouble(_ report: LinkReport, sensors: [String]) -> (LogLevel, String) {
        func name(_ sensor: Int) -> String { "sensor \(sensors[sensor])" }
        switch report {
        case .climbed(let sensor, let rung, let cause):
            let who = sensor.map(name) ?? "bluetooth"
            return (.warning, "\(who): \(text(rung)) now: \(text(cause))")
        case .withheld(let sensor, let rung, let healthy):
            let reason =
                healthy > 0
                ? "\(healthy) other sensors stream" : "not allowed, or done a short while ago"
            return (
                .notice,
                "\(name(sensor)): \(text(rung)) would be next, and is not done: \(reason)"
            )
        case .heldElsewhere(let sensor):
            return (
                .warning,
                "\(name(sensor)): refused while it advertises: busy with another device; "
                    + "disconnect it there (phone, watch, other gateway)"
            )
        case .periodicLoss(let sensor, let milliseconds):
            return (
                .warning,
                "\(name(sensor)): lost three times after \(milliseconds / 1_000) s: the kernel "
                    + "may refuse its connection parameters; /etc/bluetooth/main.conf, [LE]: "
                    + "MinConnectionInterval=6, MaxConnectionInterval=3200, "
                    + "ConnectionSupervisionTimeout=1000"
            )
        case .notifyModeChanged(let sensor, let mode, let cause):
            let way = mode == .socket ? "through a socket of its own" : "by signals on the bus"
            return (.notice, "\(name(sensor)): values are taken \(way): \(text(cause))")
        case .frozen(let sensor):
            return (
                .warning,
                "\(name(sensor)): frozen: the same value for too long; not judged and not sent "
                    + "(take the sensor off and on)"
            )
        case .unfrozen(let sensor): return (.notice, "\(name(sensor)): its value moves again")
        case .batteryLow(let sensor, let percent):
            return (.warning, "\(name(sensor)): battery \(percent) %: replace it soon")
        case .batteryWell(let sensor, let percent):
            return (.notice, "\(name(sensor)): battery \(percent) %")
        case .described(let sensor, let characteristic):
            return (.debug, "\(name(sensor)): \(text(characteristic)) read")
        default: return shared(report)
        }
    }

    /// What concerns every sensor: discovery, the adapter, and who may do what.
    private static func shared(_ report: LinkReport) -> (LogLevel, String) {
        switch report {
        case .discoveryGentle(let isGentle):
            return (
                .notice,
                isGentle
                    ? "bluetooth: scanning pauses between its turns: links broke beside it"
                    : "bluetooth: scanning without pauses again"
            )
        case .discoveryRestarted:
            return (.notice, "bluetooth: scanning saw nothing for long and is started anew")
        case .adapterLeftOff:
            return (
                .warning,
                "bluetooth: the adapter is off and is left off, as `power_on = no` of [bluetooth] "
                    + "says; `rfkill unblock bluetooth`, then `bluetoothctl power on`"
            )
        case .accessDenied:
            return (
                .error,
                "bluetooth: the bus refuses our calls: the D-Bus policy for this user is missing "
                    + "(/usr/share/dbus-1/system.d)"
            )
        case .restartDenied:
            return (
                .warning,
                "bluetooth: systemd does not let us restart bluetooth.service: polkit is not "
                    + "there (apt install polkitd), or 50-pulsegate.rules is missing in "
                    + "/usr/share/polkit-1/rules.d"
            )
        default: return (.notice, "bluetooth: \(report)")
        }
    }

    /// A life that goes on is for information; one that stops is a warning.
    private static func level(
        from: SensorState, to: SensorState, _ cause: LinkCause
    ) -> LogLevel {
        switch to {
        case .streaming: .notice
        case .silent, .recovering: .warning
        case .absent, .discovering: from == .streaming || from == .silent ? .warning : .information
        default: from == .streaming ? .warning : .information
        }
    }
}

// MARK: - Words

extension RadioText {
    static func text(_ address: BluetoothAddress) -> String {
        var buffer = FixedBuffer(capacity: 17)
        address.append(to: &buffer)
        return String(decoding: buffer.bytes)
    }

    static func text(_ name: DeviceName) -> String {
        // What a device calls itself comes from outside: nothing that moves a terminal's cursor.
        String(String(decoding: name.bytes).map { isPlain($0) ? $0 : "?" })
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value)
        }
    }

    static func text(_ state: SensorState) -> String {
        switch state {
        case .disabled: "disabled"
        case .absent: "absent"
        case .discovering: "looked for"
        case .connecting: "connecting"
        case .resolving: "connected, reading its services"
        case .subscribing: "subscribing"
        case .streaming: "streaming"
        case .silent: "silent"
        case .recovering: "recovering"
        }
    }

    static func text(_ state: AdapterState) -> String {
        switch state {
        case .absent: "absent"
        case .off: "off"
        case .on: "on"
        case .discovering: "scanning"
        }
    }

    static func text(_ state: DaemonState) -> String {
        switch state {
        case .busClosed: "no system bus"
        case .away: "bluetoothd is not running"
        case .enumerating: "bluetoothd is there"
        case .ready: "ready"
        }
    }

    static func text(_ rung: Rung) -> String {
        switch rung {
        case .resubscribe: "a new subscription"
        case .reconnect: "disconnect and connect"
        case .removeDevice: "forget the device and look for it again"
        case .powerCycle: "adapter off and on"
        case .restartDaemon: "restart bluetoothd"
        case .resetRadio: "reset the radio"
        }
    }

    /// `: the cause`, or nothing where a state follows from the one before.
    private static func because(_ cause: LinkCause) -> String {
        cause == .progress || cause == .started ? "" : ": \(text(cause))"
    }

    static func text(_ cause: LinkCause) -> String {
        switch cause {
        case .started: "started"
        case .enabled: "switched on"
        case .disabled: "switched off"
        case .progress: "all went well"
        case .sighted: "it advertises"
        case .foundConnected: "it is connected already"
        case .valuesArrive: "values arrive"
        case .silence: "no value for too long"
        case .unsubscribed: "BlueZ ended the subscription"
        case .linkLost: "the link is lost (out of range, or switched off)"
        case .notSeen: "not seen for too long"
        case .connectFailed(let failure): "connecting failed: \(text(failure))"
        case .connectTimedOut: "no connection in time"
        case .heldElsewhere: "busy with another device"
        case .servicesMissing: "its measurements do not appear"
        case .subscriptionFailed(let failure): "subscribing failed: \(text(failure))"
        case .callTimedOut: "BlueZ did not answer in time"
        case .callFailed(let failure): text(failure)
        case .deviceRemoved: "BlueZ has forgotten it"
        case .adapterAbsent: "no adapter"
        case .adapterOff: "the adapter is off"
        case .discoveryQuiet: "scanning sees nothing"
        case .daemonAway: "bluetoothd is not running"
        case .daemonSilent: "bluetoothd does not answer"
        case .busClosed: "the system bus is closed"
        case .sharedRung(let rung): text(rung)
        }
    }

    static func text(_ failure: CallFailure) -> String {
        switch failure {
        case .inProgress: "the same is under way already"
        case .connectionAborted: "the connection was not made"
        case .classicBluetooth: "tried over classic Bluetooth"
        case .connectionCancelled: "cancelled"
        case .unknownObject: "BlueZ does not know the device any more"
        case .notReady: "the adapter is not ready"
        case .notPermitted: "not supported or not permitted"
        case .authentication: "pairing failed"
        case .notConnected: "not connected"
        case .notStarted: "not started"
        case .daemonAway: "bluetoothd is not there"
        case .notSent: "could not be sent"
        case .accessDenied: "the bus refuses it"
        case .other: "BlueZ gave another error"
        }
    }

    /// `; next: ... within 5.0 s`, or nothing.
    private static func text(_ step: NextStep, within nanoseconds: Int64?) -> String {
        let words: String
        switch step {
        case .nothing: return ""
        case .openBus: words = "the system bus"
        case .awaitDaemon: words = "wait for bluetoothd"
        case .awaitAdapter: words = "wait for an adapter"
        case .awaitPower: words = "wait for the adapter's power"
        case .discover: words = "wait until it advertises"
        case .connect: words = "connect"
        case .awaitConnection: words = "wait for the connection"
        case .awaitServices: words = "wait for its services"
        case .awaitSubscription: words = "wait for the subscription"
        case .awaitValue: words = "wait for its first value"
        case .climb(let rung): words = text(rung)
        }
        guard let nanoseconds, nanoseconds > 0 else { return "; next: \(words)" }
        return "; next: \(words) within \(Messages.seconds(nanoseconds))"
    }

    static func text(_ characteristic: Characteristic) -> String {
        switch characteristic {
        case .glucoseMeasurement: "glucose measurement"
        case .batteryLevel: "battery level"
        case .temperatureMeasurement: "temperature measurement"
        case .modelNumber: "model number"
        case .serialNumber: "serial number"
        case .firmwareRevision: "firmware revision"
        case .manufacturerName: "manufacturer name"
        case .glucoseMeasurementContext: "glucose measurement context"
        case .bloodPressureMeasurement: "blood pressure measurement"
        case .heartRateMeasurement: "heart rate measurement"
        case .bodySensorLocation: "body sensor location"
        case .recordAccessControlPoint: "record access control point"
        case .pulseOximeterSpotCheck: "pulse oximeter spot-check"
        case .pulseOximeterContinuous: "pulse oximeter measurement"
        }
    }
}

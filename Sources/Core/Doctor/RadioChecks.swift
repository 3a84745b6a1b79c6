import Bytes

/// From the strap to the gateway: BlueZ, its adapter and the bus.
enum RadioChecks {
    static func all(_ evidence: Evidence) -> [Finding] {
        guard evidence.wishes?.usesRadio ?? true else {
            return [.ok("radio", "not used by this configuration")]
        }
        return [
            bus(evidence), package(evidence), settings(evidence), permission(evidence),
            adapter(evidence), blocked(evidence), uart(evidence),
        ]
    }

    private static func bus(_ evidence: Evidence) -> Finding {
        evidence.list("/run/dbus").contains("system_bus_socket")
            ? .ok("bus", "the system bus is there")
            : .error("bus", "no system bus", "apt install dbus, and start dbus.service")
    }

    private static func package(_ evidence: Evidence) -> Finding {
        let status = evidence.read("/var/lib/dpkg/status") ?? ""
        guard let version = packageVersion("bluez", in: status) else {
            // An image that dpkg did not make has it all the same.
            return isThere(
                "bluetoothd", ["/usr/libexec/bluetooth", "/usr/lib/bluetooth"], evidence)
                ? .ok("bluez", "there, of a version that dpkg does not know")
                : .error("bluez", "not installed", "apt install bluez")
        }
        if Text.isBelow(Text.version(version), [5, 55]) {
            return .warning(
                "bluez", version, "update to Debian 12 or later: 5.55 and older lose sensors")
        }
        return .ok("bluez", version)
    }

    /// The version of an installed package in dpkg's list of paragraphs.
    private static func packageVersion(_ name: String, in status: String) -> String? {
        var isWanted = false
        var isInstalled = false
        for line in status.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("Package: ") {
                isWanted = line == "Package: \(name)"
                isInstalled = false
            }
            if isWanted && line.hasPrefix("Status: ") { isInstalled = line.hasSuffix(" installed") }
            if isWanted && isInstalled && line.hasPrefix("Version: ") {
                // An epoch, `1:5.66`, is no part of what its makers call it.
                let version = line.dropFirst(9)
                let start = version.firstIndex(of: ":").map { version.index(after: $0) }
                return String(version[(start ?? version.startIndex)...])
            }
        }
        return nil
    }

    private static func settings(_ evidence: Evidence) -> Finding {
        let text = evidence.read("/etc/bluetooth/main.conf") ?? ""
        if Text.value("ControllerMode", in: text) == "bredr" {
            return .error(
                "bluez settings", "ControllerMode = bredr: no Low Energy",
                "write `ControllerMode = dual` into /etc/bluetooth/main.conf, and restart "
                    + "bluetooth.service")
        }
        if Text.value("AutoEnable", in: text) == "false" {
            return .warning(
                "bluez settings", "AutoEnable = false: the adapter stays off after a restart",
                "write `AutoEnable = true` into [Policy] of /etc/bluetooth/main.conf")
        }
        return .ok("bluez settings", "as they are shipped, or as good")
    }

    /// systemd asks polkit whether the gateway may restart bluetooth.service; Debian 12 and later,
    /// others, and Debian 11 have it in these places.
    private static func permission(_ evidence: Evidence) -> Finding {
        guard evidence.wishes?.restartsDaemon ?? true else {
            return .ok("polkit", "not used by this configuration")
        }
        let folders = ["/usr/lib/polkit-1", "/usr/libexec", "/usr/lib/policykit-1"]
        guard isThere("polkitd", folders, evidence) else {
            return .warning(
                "polkit", "not installed: a bluetoothd that hangs cannot be restarted",
                "apt install polkitd, or write `restart_bluetoothd = no` into [bluetooth]")
        }
        return .ok("polkit", "there; it is asked about restarts of bluetoothd")
    }

    /// One of the folders holds the program.
    private static func isThere(
        _ program: String, _ folders: [String], _ evidence: Evidence
    ) -> Bool {
        folders.contains { evidence.list($0).contains(program) }
    }

    private static func adapters(_ evidence: Evidence) -> [String] {
        // `hci0:64` are connections.
        evidence.list("/sys/class/bluetooth").filter { $0.hasPrefix("hci") && !$0.contains(":") }
            .sorted()
    }

    private static func adapter(_ evidence: Evidence) -> Finding {
        let names = adapters(evidence)
        if !names.isEmpty { return .ok("adapter", names.joined(separator: ", ")) }
        let boot = evidence.read("/boot/firmware/config.txt") ?? ""
        let isOff = boot.split(separator: "\n").contains {
            Text.trimmed($0).hasPrefix("dtoverlay=disable-bt")
        }
        if isOff {
            return .error(
                "adapter", "none: switched off by dtoverlay=disable-bt",
                "take that line out of /boot/firmware/config.txt, and reboot")
        }
        return .error(
            "adapter", "none",
            "plug one in, or look what the kernel says: dmesg | grep -i bluetooth")
    }

    private static func blocked(_ evidence: Evidence) -> Finding {
        for name in evidence.list("/sys/class/rfkill").sorted() {
            let folder = "/sys/class/rfkill/\(name)"
            guard evidence.word("\(folder)/type") == "bluetooth" else { continue }
            if evidence.word("\(folder)/hard") == "1" {
                return .error(
                    "rfkill", "\(name) is blocked by a switch", "switch the radio on at the case")
            }
            if evidence.word("\(folder)/soft") == "1" {
                return .warning(
                    "rfkill", "\(name) is blocked by a program",
                    "rfkill unblock bluetooth (the gateway does, unless power_on = no)")
            }
        }
        return .ok("rfkill", "nothing is blocked")
    }

    private static func uart(_ evidence: Evidence) -> Finding {
        guard let name = adapters(evidence).first else {
            return .warning("radio", "no adapter to look at", "see adapter")
        }
        let place = evidence.link("/sys/class/bluetooth/\(name)") ?? ""
        guard place.contains(text: "serial") || place.contains(text: "ttyAMA") else {
            return .ok("radio", "not on a serial line")
        }
        let command = evidence.read("/proc/cmdline") ?? ""
        let consoles = command.split(whereSeparator: { $0.isWhitespace })
            .filter { $0.hasPrefix("console=ttyAMA0") }
        if !consoles.isEmpty && !place.contains(text: "ttyAMA1") {
            return .error(
                "radio", "on the serial line that the kernel's console uses",
                "take `\(consoles[0])` out of /boot/firmware/cmdline.txt, and reboot")
        }
        return .ok("radio", "on a serial line of its own")
    }
}

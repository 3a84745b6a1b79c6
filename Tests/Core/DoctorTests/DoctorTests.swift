import Testing

@testable import Doctor

/// A machine as the tests describe it: a healthy gateway, and what is changed about it.
struct Machine {
    var files: [String: String] = [
        "/proc/sys/kernel/osrelease": "6.1.0-40-arm64\n",
        "/proc/cmdline": "console=tty1 root=/dev/mmcblk0p2\n",
        "/proc/meminfo": "MemTotal:         945264 kB\n",
        "/proc/self/mountinfo": """
        22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
        23 22 0:20 / /run rw shared:2 - tmpfs tmpfs rw

        """,
        "/proc/net/route": "Iface\tDestination\tGateway\neth0\t00000000\t0102A8C0\t0003\n",
        "/etc/passwd": "root:x:0:0::/root:/bin/sh\npulsegate:x:990:990::/:/usr/sbin/nologin\n",
        "/etc/group": "root:x:0:\ngpio:x:986:pi,pulsegate\n",
        "/etc/resolv.conf": "nameserver 192.168.1.1\n",
        "/etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----\n",
        "/etc/bluetooth/main.conf": "[Policy]\n#AutoEnable = false\nAutoEnable=true\n",
        "/etc/systemd/system.conf": "[Manager]\nRuntimeWatchdogSec=10s\n",
        "/sys/class/watchdog/watchdog0/identity": "Broadcom BCM2835 Watchdog timer\n",
        "/sys/class/rfkill/rfkill0/type": "bluetooth\n",
        "/sys/class/rfkill/rfkill0/soft": "0\n",
        "/sys/class/rfkill/rfkill0/hard": "0\n",
        "/sys/class/thermal/thermal_zone0/temp": "48312\n",
        "/sys/class/hwmon/hwmon0/name": "rpi_volt\n",
        "/sys/class/hwmon/hwmon0/in0_lcrit_alarm": "0\n",
        "/usr/lib/systemd/system/pulsegate.service": "[Service]\nWatchdogSec=60s\nMemoryMax=96M\n",
        "/var/lib/dpkg/status": """
        Package: bluez
        Status: install ok installed
        Version: 5.66-1+deb12u2

        Package: zlib1g
        Status: install ok installed
        Version: 1:1.2.13

        """,
    ]
    var folders: [String: [String]] = [
        "/run/dbus": ["system_bus_socket"], "/sys/class/bluetooth": ["hci0", "hci0:64"],
        "/sys/class/rfkill": ["rfkill0"], "/dev": ["gpiochip0", "null"],
        "/sys/block": ["mmcblk0"], "/sys/class/hwmon": ["hwmon0"],
        "/run/systemd/timesync": ["synchronized"], "/usr/lib/polkit-1": ["polkitd"],
    ]
    var links = ["/sys/class/bluetooth/hci0": "../../devices/soc/3f201000.serial/serial0/hci0"]
    var freeBytes: UInt64? = 20 << 30
    var seconds: Int64 = 1_800_000_000
    var wishes: Wishes? = {
        var wishes = Wishes()
        (wishes.usesRadio, wishes.usesGPIO, wishes.usesNetwork) = (true, true, true)
        wishes.restartsDaemon = true
        return wishes
    }()
    var fault: String?

    var findings: [Finding] {
        Doctor.examine(
            Evidence(
                read: { [files] in files[$0] }, list: { [folders] in folders[$0] ?? [] },
                freeBytes: { [freeBytes] _ in freeBytes },
                link: { [links] in links[$0] }, seconds: seconds, builtSeconds: 1_760_000_000,
                wishes: wishes, configurationFault: fault))
    }

    /// What is not well.
    var complaints: [Finding] { findings.filter { $0.verdict != .ok } }
}

@Suite struct DoctorTests {
    @Test func healthyMachineHasNoComplaint() {
        #expect(Machine().complaints == [])
        #expect(Machine().findings.count >= 20)
    }

    @Test func everyComplaintHasARemedyAndNothingElseHas() {
        var empty = Machine()
        (empty.files, empty.folders, empty.links) = ([:], [:], [:])
        for finding in empty.findings + Machine().findings {
            #expect((finding.remedy == nil) == (finding.verdict == .ok), "\(finding)")
        }
    }

    @Test func nothingIsAskedOfWhatIsNotUsed() {
        var machine = Machine()
        machine.wishes = Wishes()
        machine.folders = [:]
        machine.files["/proc/net/route"] = nil
        machine.files["/etc/resolv.conf"] = nil
        let checks = machine.complaints.map(\.check)
        #expect(checks == ["time sync"])
    }

    /// One thing is wrong, and exactly that is said.
    struct Fault: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let check: String
        let verdict: Finding.Verdict
        let remedy: String
        let breaks: @Sendable (inout Machine) -> Void

        init(
            _ name: String, _ check: String, _ verdict: Finding.Verdict, _ remedy: String,
            _ breaks: @escaping @Sendable (inout Machine) -> Void
        ) {
            testDescription = name
            self.check = check
            self.verdict = verdict
            self.remedy = remedy
            self.breaks = breaks
        }
    }

    @Test func bluezThatDpkgHasNotInstalledIsSeenAllTheSame() throws {
        var machine = Machine()
        machine.files["/var/lib/dpkg/status"] = nil
        machine.folders["/usr/libexec/bluetooth"] = ["bluetoothd", "obexd"]
        #expect(machine.complaints.isEmpty)
    }

    @Test func polkitIsNotMissedByWhoRestartsNothing() {
        var machine = Machine()
        machine.folders["/usr/lib/polkit-1"] = nil
        machine.wishes?.restartsDaemon = false
        #expect(machine.complaints.isEmpty)
    }

    @Test func sandboxOfTheConsoleIsNoDyingCard() {
        var machine = Machine()
        machine.files["/proc/self/mountinfo"] = "22 1 179:2 / / ro shared:1 - ext4 /dev/x rw\n"
        #expect(machine.complaints.isEmpty)
    }

    @Test(arguments: radioFaults + machineFaults + cloudFaults)
    func broken(_ fault: Fault) throws {
        var machine = Machine()
        fault.breaks(&machine)
        let complaint = try #require(machine.complaints.first)
        #expect(machine.complaints.count == 1)
        #expect(complaint.check == fault.check)
        #expect(complaint.verdict == fault.verdict)
        #expect(complaint.remedy?.contains(fault.remedy) == true, "\(complaint)")
    }

    static let radioFaults = [
        Fault("no bus", "bus", .error, "apt install dbus") { $0.folders["/run/dbus"] = nil },
        Fault("bluez removed", "bluez", .error, "apt install bluez") {
            $0.files["/var/lib/dpkg/status"] =
                "Package: bluez\nStatus: deinstall ok config-files\nVersion: 5.66-1\n"
        },
        Fault("nobody to permit a restart", "polkit", .warning, "apt install polkitd") {
            $0.folders["/usr/lib/polkit-1"] = nil
        },
        Fault("old bluez", "bluez", .warning, "Debian 12") {
            $0.files["/var/lib/dpkg/status"] =
                "Package: bluez\nStatus: install ok installed\nVersion: 1:5.50-1.2\n"
        },
        Fault("classic only", "bluez settings", .error, "ControllerMode = dual") {
            $0.files["/etc/bluetooth/main.conf"] = "[General]\nControllerMode = bredr\n"
        },
        Fault("not switched on", "bluez settings", .warning, "AutoEnable = true") {
            $0.files["/etc/bluetooth/main.conf"] = "[Policy]\nAutoEnable=false\n"
        },
        Fault("switched off by hand", "rfkill", .error, "at the case") {
            $0.files["/sys/class/rfkill/rfkill0/hard"] = "1\n"
        },
        Fault("switched off by a program", "rfkill", .warning, "rfkill unblock") {
            $0.files["/sys/class/rfkill/rfkill0/soft"] = "1\n"
        },
        Fault("console on the radio's line", "radio", .error, "console=ttyAMA0,115200") {
            $0.files["/proc/cmdline"] = "console=ttyAMA0,115200 root=/dev/mmcblk0p2\n"
        },
    ]

    static let machineFaults = [
        Fault("bad configuration", "configuration", .error, "pulsegate check") {
            $0.fault = "pulsegate.conf:3: no such key"
        },
        Fault("old kernel", "kernel", .warning, "Debian 12") {
            $0.files["/proc/sys/kernel/osrelease"] = "4.19.66-v7+\n"
        },
        Fault("weak supply", "power", .error, "supply") {
            $0.files["/sys/class/hwmon/hwmon0/in0_lcrit_alarm"] = "1\n"
        },
        Fault("hot", "temperature", .warning, "air") {
            $0.files["/sys/class/thermal/thermal_zone0/temp"] = "81000\n"
        },
        Fault("little memory", "memory", .warning, "[gateway] memory") {
            $0.files["/proc/meminfo"] = "MemTotal:  131072 kB\n"
        },
        Fault("no user", "account", .warning, "systemd-sysusers") { $0.files["/etc/passwd"] = "" },
        Fault("not in the group", "account", .error, "adduser pulsegate gpio") {
            $0.files["/etc/group"] = "gpio:x:986:pi\n"
        },
        Fault("no chip", "gpio", .error, "board detect") { $0.folders["/dev"] = ["null"] },
        Fault("data in memory", "disk", .error, "partition") {
            $0.files["/proc/self/mountinfo"] = "22 1 0:2 / / rw - overlay overlay rw\n"
        },
        Fault("data in memory, as asked", "disk", .warning, "partition") {
            $0.files["/proc/self/mountinfo"] = "22 1 0:2 / / rw - tmpfs tmpfs rw\n"
            $0.wishes?.allowsVolatile = true
        },
        Fault("card read-only", "disk", .error, "replace it") {
            $0.files["/proc/self/mountinfo"] = "22 1 179:2 / / ro shared:1 - ext4 /dev/x ro\n"
        },
        Fault("no room for a ring", "disk", .error, "[ring] size") {
            $0.freeBytes = 10 << 20
            $0.wishes?.ringBytes = 16 << 20
        },
        Fault("no room beside the ring", "disk", .warning, "make room") {
            $0.freeBytes = 63 << 20
            $0.folders["/var/lib/pulsegate"] = ["ring"]
            $0.wishes?.ringBytes = 128 << 20
        },
        Fault("data on FAT", "disk", .warning, "ext4") {
            $0.files["/proc/self/mountinfo"]? +=
                "24 22 8:1 / /var/lib/pulsegate rw - vfat /dev/y rw\n"
        },
        Fault("card at its end", "card", .error, "replace it") {
            $0.files["/sys/block/mmcblk0/device/life_time"] = "0x0b 0x01\n"
        },
        Fault("card worn", "card", .warning, "replacement") {
            $0.files["/sys/block/mmcblk0/device/pre_eol_info"] = "0x02\n"
        },
        Fault("no watchdog", "hardware watchdog", .warning, "dtparam=watchdog=on") {
            $0.files["/sys/class/watchdog/watchdog0/identity"] = nil
        },
        Fault("watchdog not fed", "hardware watchdog", .warning, "RuntimeWatchdogSec=10s") {
            $0.files["/etc/systemd/system.conf"] = "[Manager]\n#RuntimeWatchdogSec=10s\n"
        },
        Fault("more than the board's watchdog can", "hardware watchdog", .error, "10s") {
            $0.files["/etc/systemd/system.conf"] = "[Manager]\nRuntimeWatchdogSec=1min\n"
        },
        Fault("drop-in with too much", "hardware watchdog", .error, "10s") {
            $0.folders["/etc/systemd/system.conf.d"] = ["watchdog.conf"]
            $0.files["/etc/systemd/system.conf.d/watchdog.conf"] = "RuntimeWatchdogSec=16\n"
        },
        Fault("not installed", "service", .warning, "install") {
            $0.files["/usr/lib/systemd/system/pulsegate.service"] = nil
        },
        Fault("hasty watchdog", "service", .warning, "60s") {
            $0.files["/usr/lib/systemd/system/pulsegate.service"] = "WatchdogSec=10\n"
        },
        Fault("unit with less memory than the budget", "service", .error, "at least 160M") {
            $0.wishes?.memoryBytes = 128 << 20
        },
    ]

    static let cloudFaults = [
        Fault("clock in the past", "clock", .error, "timedatectl") { $0.seconds = 86_400 },
        Fault("nobody sets the clock", "time sync", .warning, "set-ntp") {
            $0.folders["/run/systemd/timesync"] = []
        },
        Fault("no route", "route", .error, "ip route") { $0.files["/proc/net/route"] = "Iface\n" },
        Fault("no name server", "dns", .error, "resolvectl") {
            $0.files["/etc/resolv.conf"] = "# nameserver 1.1.1.1\n"
        },
        Fault("no certificates", "tls", .error, "ca-certificates") {
            $0.files["/etc/ssl/certs/ca-certificates.crt"] = nil
        },
        Fault("a name that only a name server knows", "dns", .error, "resolvectl") {
            $0.files["/etc/resolv.conf"] = nil
            $0.files["/etc/hosts"] = "10.0.0.7 other # collector.example\n"
            $0.wishes?.hosts = ["10.0.0.7", "collector.example"]
        },
        Fault("no way out, and none is needed", "route", .warning, "ip route") {
            $0.files["/proc/net/route"] = nil
            $0.wishes?.hosts = ["10.0.0.7"]
        },
        Fault("authorities of its own that are not there", "tls", .error, "ca_file") {
            $0.wishes?.authorityFiles = ["/etc/pulsegate/ca.pem"]
        },
        Fault("a key that is not there", "credentials", .error, "pulsegate check") {
            $0.wishes?.secretFaults = ["/etc/pulsegate/key: no such file"]
        },
    ]

    @Test(arguments: ["10.0.0.7", "fd00::7", "collector.example", "gym", "localhost"])
    func hostThatIsKnownHereNeedsNoNameServer(host: String) {
        var machine = Machine()
        machine.files["/etc/resolv.conf"] = nil
        machine.files["/etc/hosts"] = "127.0.0.1 x\n10.0.0.7\tcollector.example  gym # desk\n"
        machine.wishes?.hosts = [host]
        #expect(machine.complaints == [])
    }

    @Test func authoritiesOfTheSystemAreNotMissedWhereEachServiceHasItsOwn() {
        var machine = Machine()
        machine.files["/etc/ssl/certs/ca-certificates.crt"] = nil
        machine.files["/etc/pulsegate/ca.pem"] = "-----BEGIN CERTIFICATE-----\n"
        machine.wishes?.authorityFiles = ["/etc/pulsegate/ca.pem"]
        machine.wishes?.trustsSystem = false
        #expect(machine.complaints == [])
    }

    @Test func newKernelsFeedTheBoardsWatchdogInBetween() {
        var machine = Machine()
        machine.files["/etc/systemd/system.conf"] = "[Manager]\nRuntimeWatchdogSec=1min\n"
        machine.files["/proc/sys/kernel/osrelease"] = "6.12.30+rpt-rpi-v8\n"
        #expect(machine.complaints == [])
    }

    @Test func adapterThatTheBootConfigurationSwitchesOffIsNamed() throws {
        var machine = Machine()
        machine.folders["/sys/class/bluetooth"] = []
        machine.files["/boot/firmware/config.txt"] = "[all]\n dtoverlay=disable-bt\n"
        let complaint = try #require(machine.complaints.first { $0.check == "adapter" })
        #expect(complaint.remedy?.contains("config.txt") == true)
        machine.files["/boot/firmware/config.txt"] = nil
        #expect(machine.complaints.first { $0.check == "adapter" }?.seen == "none")
    }

    @Test func filesThatAreNoTextOfTheirKindTrapNothing() {
        for text in ["", "\u{FFFD}", "=", "Package: bluez", "- -", "99999999999999999999999", "0x"]
        {
            var machine = Machine()
            for path in machine.files.keys { machine.files[path] = text }
            #expect(machine.findings.count >= 20)
        }
    }

    @Test func timeSpansAndSizesAreSystemds() {
        #expect(Text.seconds("1min 30s") == 90)
        #expect(Text.seconds("15") == 15)
        #expect(Text.seconds("infinity") == nil)
        #expect(Text.seconds("") == nil)
        #expect(Text.bytes("96M") == 96 << 20)
        #expect(Text.bytes("infinity") == nil)
    }
}

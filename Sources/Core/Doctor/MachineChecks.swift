import Bytes
import Diagnostics

/// The machine: kernel, storage, power, watchdog, the service's own settings.
enum MachineChecks {
    static func all(_ evidence: Evidence) -> [Finding] {
        [
            kernel(evidence), power(evidence), heat(evidence), memory(evidence), account(evidence),
            gpio(evidence), disk(evidence), cardHealth(evidence), watchdog(evidence),
            unit(evidence),
        ]
    }

    private static func kernelVersion(_ evidence: Evidence) -> [Int] {
        Text.version(evidence.word("/proc/sys/kernel/osrelease") ?? "")
    }

    private static func kernel(_ evidence: Evidence) -> Finding {
        let text = evidence.word("/proc/sys/kernel/osrelease") ?? "not known"
        return Text.isBelow(kernelVersion(evidence), [5, 10])
            ? .warning("kernel", text, "update to Debian 12: 5.10 is the oldest that is tested")
            : .ok("kernel", text)
    }

    private static func power(_ evidence: Evidence) -> Finding {
        for name in evidence.list("/sys/class/hwmon").sorted() {
            let folder = "/sys/class/hwmon/\(name)"
            guard evidence.word("\(folder)/name") == "rpi_volt" else { continue }
            if evidence.word("\(folder)/in0_lcrit_alarm") == "1" {
                return .error(
                    "power", "the supply is too weak: cards and radios fail of it",
                    "use the board's own supply, and a short cable")
            }
            return .ok("power", "the voltage is good")
        }
        return .ok("power", "not measured on this board")
    }

    private static func heat(_ evidence: Evidence) -> Finding {
        guard let text = evidence.word("/sys/class/thermal/thermal_zone0/temp"),
            let degrees = Int(text).map({ $0 / 1_000 })
        else { return .ok("temperature", "not measured on this machine") }
        return degrees >= 80
            ? .warning(
                "temperature", "\(degrees) C", "give it air, or a heat sink: 85 C is the end")
            : .ok("temperature", "\(degrees) C")
    }

    private static func memory(_ evidence: Evidence) -> Finding {
        let line = (evidence.read("/proc/meminfo") ?? "").split(separator: "\n")
            .first { $0.hasPrefix("MemTotal:") }
        let words = line?.split(separator: " ") ?? []
        guard words.count >= 2, let kibibytes = Int(words[1]), kibibytes < 1 << 40 else {
            return .ok("memory", "not known")
        }
        let wanted = evidence.wishes?.memoryBytes ?? 0
        return kibibytes << 10 < 3 * wanted
            ? .warning(
                "memory", "\(kibibytes >> 10) MiB, of which the gateway may take \(wanted >> 20)",
                "lower [gateway] memory")
            : .ok("memory", "\(kibibytes >> 10) MiB")
    }

    private static func account(_ evidence: Evidence) -> Finding {
        let accounts = evidence.read("/etc/passwd") ?? ""
        guard accounts.split(separator: "\n").contains(where: { $0.hasPrefix("pulsegate:") }) else {
            return .warning(
                "account", "no user pulsegate", "install the package, or run systemd-sysusers")
        }
        let groups = (evidence.read("/etc/group") ?? "").split(separator: "\n")
        let gpio = groups.first { $0.hasPrefix("gpio:") }
        let members = gpio?.split(separator: ":").last?.split(separator: ",") ?? []
        if evidence.wishes?.usesGPIO ?? false, !members.contains("pulsegate") {
            return .error(
                "account", "the user pulsegate is not in the group gpio",
                "adduser pulsegate gpio, and restart the service")
        }
        return .ok("account", "pulsegate")
    }

    private static func gpio(_ evidence: Evidence) -> Finding {
        let chips = evidence.list("/dev").filter { $0.hasPrefix("gpiochip") }.sorted()
        if chips.isEmpty, evidence.wishes?.usesGPIO ?? false {
            return .error(
                "gpio", "no chip, and the configuration has outputs of type gpio",
                "look at `pulsegate board detect`; a kernel without GPIO has no lamp")
        }
        return .ok(
            "gpio", chips.isEmpty ? "none, and none is needed" : chips.joined(separator: " "))
    }

    // MARK: Storage

    private static func disk(_ evidence: Evidence) -> Finding {
        let wishes = evidence.wishes ?? Wishes()
        guard
            let mount = MountTable(evidence.read("/proc/self/mountinfo") ?? "")
                .mount(of: wishes.dataFolder)
        else { return .warning("disk", "not known", "look at findmnt") }
        let place = "\(wishes.dataFolder) on \(mount.fileSystem)"
        // The console's unit looks through a sandbox in which everything is mounted read-only.
        if mount.isFileSystemReadOnly {
            return .error(
                "disk", "\(place), read-only",
                "mount it writable; a card that has become read-only is dying: replace it")
        }
        switch mount.fileSystem {
        case "tmpfs", "ramfs", "overlay":
            let seen = "\(place): in memory, gone after a power cut"
            let remedy = "choose a [gateway] data folder on a partition of its own"
            return wishes.allowsVolatile
                ? .warning("disk", seen, remedy) : .error("disk", seen, remedy)
        case "vfat", "exfat", "msdos":
            return .warning("disk", place, "use ext4: this one breaks in power cuts")
        case "nfs", "nfs4", "cifs", "9p":
            return .warning("disk", place, "use a local disk: the ring must work without a network")
        default: return space(evidence, wishes, place)
        }
    }

    /// Room for the ring, which takes all of its size when it is made, and for what is beside it.
    private static func space(_ evidence: Evidence, _ wishes: Wishes, _ place: String) -> Finding {
        guard let free = evidence.freeBytes(wishes.dataFolder) else { return .ok("disk", place) }
        let isMade = evidence.list(wishes.dataFolder).contains("ring")
        let wanted = isMade ? 0 : wishes.ringBytes
        let seen = "\(place), \(free >> 20) MiB free"
        if free < wanted {
            return .error(
                "disk", "\(seen), and the ring wants \(wanted >> 20)",
                "make [ring] size smaller, or room on the disk")
        }
        if free - wanted < spareBytes {
            return .warning(
                "disk", seen, "make room: \(spareBytes >> 20) MiB beside the ring is little enough")
        }
        return .ok("disk", seen)
    }

    /// File sinks, error records, a repair's side file and the journal.
    private static let spareBytes: UInt64 = 64 << 20

    /// eMMC tells its age (JEDEC JESD84-B51, EXT_CSD 267 to 269); SD cards do not.
    private static func cardHealth(_ evidence: Evidence) -> Finding {
        for name in evidence.list("/sys/block").filter({ $0.hasPrefix("mmcblk") }).sorted() {
            let folder = "/sys/block/\(name)/device"
            let reserve = number(evidence.word("\(folder)/pre_eol_info"))
            let ages = (evidence.word("\(folder)/life_time") ?? "").split(separator: " ")
                .compactMap { number(String($0)) }
            if reserve ?? 0 >= 3 || ages.contains(where: { $0 >= 11 }) {
                return .error(
                    "card", "\(name) is at the end of its life", "replace it, and soon")
            }
            if reserve == 2 || ages.contains(where: { $0 >= 9 }) {
                return .warning("card", "\(name) is worn by 80 % or more", "plan its replacement")
            }
            if reserve != nil { return .ok("card", "\(name) is well") }
        }
        return .ok("card", "does not tell its age; `pulsegate ring stat` projects it")
    }

    private static func number(_ text: String?) -> Int? {
        guard let text else { return nil }
        return text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
    }

    // MARK: Watchdogs and the unit

    /// The text of a systemd file and of its drop-ins, the later the stronger.
    private static func system(_ evidence: Evidence, _ path: String, _ dropIns: [String]) -> String?
    {
        var text = evidence.read(path)
        for folder in dropIns {
            for name in evidence.list(folder).sorted() where name.hasSuffix(".conf") {
                text = (text ?? "") + "\n" + (evidence.read("\(folder)/\(name)") ?? "")
            }
        }
        return text
    }

    private static func watchdog(_ evidence: Evidence) -> Finding {
        let name = "hardware watchdog"
        guard let identity = evidence.word("/sys/class/watchdog/watchdog0/identity") else {
            return .warning(
                name, "none", "on a Raspberry Pi: dtparam=watchdog=on in /boot/firmware/config.txt")
        }
        let text = system(
            evidence, "/etc/systemd/system.conf",
            ["/usr/lib/systemd/system.conf.d", "/etc/systemd/system.conf.d"])
        let remedy = "write `RuntimeWatchdogSec=10s` into /etc/systemd/system.conf, [Manager]"
        guard let value = text.flatMap({ Text.value("RuntimeWatchdogSec", in: $0) }),
            let seconds = Text.seconds(value), seconds > 0
        else { return .warning(name, "\(identity), and nobody feeds it", remedy) }
        // 20 bits of 1/65536 s; from Linux 6.8 on the driver feeds it in between.
        let isOld = Text.isBelow(kernelVersion(evidence), [6, 8])
        if identity.contains(text: "BCM2835"), seconds > 15, isOld {
            return .error(
                name, "\(identity) is asked for \(seconds) s and can do 15", remedy)
        }
        return .ok(name, "\(identity), \(seconds) s")
    }

    private static func unit(_ evidence: Evidence) -> Finding {
        let paths = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"]
        guard let path = paths.first(where: { evidence.read("\($0)/pulsegate.service") != nil })
        else {
            return .warning("service", "no pulsegate.service", "install the package")
        }
        let text =
            system(
                evidence, "\(path)/pulsegate.service",
                ["/etc/systemd/system/pulsegate.service.d"]) ?? ""
        if let seconds = Text.value("WatchdogSec", in: text).flatMap({ Text.seconds($0) }),
            seconds < 30
        {
            return .warning(
                "service", "WatchdogSec=\(seconds)s: a card that stalls gets the gateway killed",
                "leave it at 60s, or at least 30s")
        }
        let budget = evidence.wishes?.memoryBytes ?? 0
        if let limit = Text.value("MemoryMax", in: text).flatMap({ Text.bytes($0) }),
            limit < budget + (32 << 20)
        {
            return .error(
                "service", "MemoryMax is \(limit >> 20) MiB and [gateway] memory \(budget >> 20)",
                "MemoryMax must be at least \((budget >> 20) + 32)M")
        }
        return .ok("service", "\(path)/pulsegate.service")
    }
}

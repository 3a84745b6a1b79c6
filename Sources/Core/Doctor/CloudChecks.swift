import Bytes

/// From the gateway to the cloud: the clock, names, trust and keys.
enum CloudChecks {
    static func all(_ evidence: Evidence) -> [Finding] {
        let time = [clock(evidence), synchronization(evidence)]
        guard evidence.wishes?.usesNetwork ?? true else {
            return time + [.ok("network", "not used by this configuration")]
        }
        return time + [route(evidence), names(evidence), trust(evidence), secrets(evidence)]
    }

    /// The hosts that only a name server knows; nil where nobody knows which are asked for.
    private static func unknownHosts(_ evidence: Evidence) -> [String]? {
        guard let hosts = evidence.wishes?.hosts, !hosts.isEmpty else { return nil }
        let known = (evidence.read("/etc/hosts") ?? "").split(separator: "\n").flatMap { line in
            line.prefix { $0 != "#" }.split(whereSeparator: { $0.isWhitespace }).dropFirst()
        }
        return hosts.filter { host in
            let isAddress =
                host.utf8.contains(UInt8(ascii: ":"))
                || host.utf8.allSatisfy { $0 <= UInt8(ascii: "9") }
            return !isAddress && host != "localhost" && !known.contains(host[...])
        }
    }

    private static func clock(_ evidence: Evidence) -> Finding {
        let clocks = evidence.list("/sys/class/rtc").sorted().joined(separator: ", ")
        let kind = clocks.isEmpty ? "no clock that runs without power" : clocks
        return evidence.seconds < evidence.builtSeconds
            ? .error(
                "clock", "before the day on which the program was built; \(kind)",
                "set it (timedatectl), or let it be set: see time sync")
            : .ok("clock", kind)
    }

    private static func synchronization(_ evidence: Evidence) -> Finding {
        if evidence.list("/run/systemd/timesync").contains("synchronized") {
            return .ok("time sync", "systemd-timesyncd")
        }
        for (folder, name) in [("/run/chrony", "chrony"), ("/run/ntpd", "ntpd")]
        where !evidence.list(folder).isEmpty {
            return .ok("time sync", name)
        }
        return .warning(
            "time sync", "not yet, or by nobody",
            "timedatectl set-ntp true; until then the services' own time is used")
    }

    private static func route(_ evidence: Evidence) -> Finding {
        // Destination 0 in the second column, and in the first of IPv6 with a prefix of 00.
        let four = (evidence.read("/proc/net/route") ?? "").split(separator: "\n").contains {
            let words = $0.split(whereSeparator: { word in word.isWhitespace })
            return words.count > 1 && words[1] == "00000000"
        }
        let six = (evidence.read("/proc/net/ipv6_route") ?? "").split(separator: "\n").contains {
            let words = $0.split(separator: " ")
            return words.count > 9 && words[0].allSatisfy { $0 == "0" } && words[1] == "00"
                && words.last != "lo"
        }
        if four || six { return .ok("route", "there is a way out") }
        let remedy = "look at the cable, the Wi-Fi and `ip route`"
        return unknownHosts(evidence)?.isEmpty ?? false
            ? .warning("route", "no default route: only this network's own hosts", remedy)
            : .error("route", "no default route", remedy)
    }

    private static func names(_ evidence: Evidence) -> Finding {
        let servers = (evidence.read("/etc/resolv.conf") ?? "").split(separator: "\n")
            .filter { $0.hasPrefix("nameserver") }
            .compactMap { $0.split(separator: " ").last.map { String($0) } }
        if !servers.isEmpty { return .ok("dns", servers.joined(separator: ", ")) }
        let unknown = unknownHosts(evidence)
        if let unknown, unknown.isEmpty { return .ok("dns", "no host's name needs it") }
        let whose = unknown.map { " for \($0.joined(separator: ", "))" } ?? ""
        return .error(
            "dns", "no name server in /etc/resolv.conf\(whose)", "look at `resolvectl status`")
    }

    private static func trust(_ evidence: Evidence) -> Finding {
        func isThere(_ path: String) -> Bool {
            evidence.read(path)?.contains(text: "BEGIN CERTIFICATE") ?? false
        }
        let system = "/etc/ssl/certs/ca-certificates.crt"
        if evidence.wishes?.trustsSystem ?? true, !isThere(system) {
            return .error("tls", "no certificates in \(system)", "apt install ca-certificates")
        }
        if let path = evidence.wishes?.authorityFiles.first(where: { !isThere($0) }) {
            return .error(
                "tls", "no certificates in \(path)", "copy them there, or correct ca_file")
        }
        return .ok("tls", "certificates are there; `pulsegate net check` tries them")
    }

    private static func secrets(_ evidence: Evidence) -> Finding {
        guard let fault = evidence.wishes?.secretFaults.first else {
            return .ok("credentials", "the files that are named are there")
        }
        return .error("credentials", fault, "see `pulsegate check`, and README, Credentials")
    }
}

/// Everything between strap and cloud, checked in the order in which a measurement goes.
public enum Doctor {
    public static func examine(_ evidence: Evidence) -> [Finding] {
        var findings: [Finding] = []
        if let fault = evidence.configurationFault {
            findings.append(
                .error("configuration", fault, "mend it; `pulsegate check` shows every fault"))
        } else {
            findings.append(.ok("configuration", "good"))
        }
        return findings + RadioChecks.all(evidence) + MachineChecks.all(evidence)
            + CloudChecks.all(evidence)
    }
}

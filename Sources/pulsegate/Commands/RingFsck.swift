import Linux
import RecordRing

/// `pulsegate ring fsck`: whether the ring is whole, and what is wrong where. It changes nothing;
/// with `--repair` it takes away what nobody can read, and leaves everything else; a damaged
/// header or a cut file it mends where there is no doubt what it was.
enum RingFsck {
    /// The exit status when the ring could not be looked at: 1 says that it was, and is damaged
    /// (grep(1) and diff(1) do the same).
    static let notLookedAt: Int32 = 2
    /// Findings that are printed: more say nothing more.
    private static let findingLimit = 1_000

    /// What a look has found.
    private struct Verdict {
        let survey: RingSurvey
        let check: RingCheck
        let frame: RingFrameRepair

        var isClean: Bool {
            let heads = survey.isHeadDamaged
            return frame == .nothing && !heads.a && !heads.b && check.tornCount == 0
                && check.damagedCount == 0
        }
    }

    static func run(_ line: Options) throws(SetupError) -> Int32 {
        let place = try RingPlace(line)
        let repairs = line.values["repair"] != nil
        var reader = try place.open(alone: repairs)
        let verdict = try look(at: &reader)
        if verdict.isClean {
            let unknown = verdict.check.unknownCount
            if unknown > 0 {
                Console.line("only a newer pulsegate can read \(unknown) of the records")
            }
            Console.line(repairs ? "nothing to repair" : "clean")
            return ExitStatus.success
        }
        if case .refused(let doubt) = verdict.frame {
            if repairs { Console.line("not repaired: \(text(doubt))") }
        } else if repairs {
            return try repair(&reader, verdict)
        }
        Console.line("remedy: \(remedy(verdict))")
        return ExitStatus.failure
    }

    /// Prints every finding and what would be kept.
    private static func look(at reader: inout RingReader) throws(SetupError) -> Verdict {
        let survey = try SetupError.ring { () throws(RingReaderError) in try reader.survey() }
        let geometry = reader.geometry
        Console.line("\(reader.path): \(RingText.count(geometry.slotCount, "slot"))")
        if let fault = RingText.fault(ofFile: reader) { Console.line(fault) }
        sayHeads(survey)
        var findings = 0
        let check = try SetupError.wrap { () throws(SystemError) in
            try reader.check(survey) { finding in
                findings += 1
                guard findings <= findingLimit else { return }
                let place = RingText.place(finding, geometry)
                Console.line("\(place): \(RingText.fault(finding, geometry))")
            }
        }
        if findings > findingLimit {
            let more = UInt64(findings - findingLimit)
            Console.line("and \(RingText.count(more, "place")) more")
        }
        Console.line(kept(check))
        Console.line("slots: \(RingText.counts(check))")
        return Verdict(
            survey: survey, check: check,
            frame: RingFrameRepair(
                fault: reader.headerFault, geometry: geometry, fileBytes: reader.fileBytes,
                survey: survey, check: check))
    }

    private static func sayHeads(_ survey: RingSurvey) {
        let isDamaged = survey.isHeadDamaged
        let holds = survey.head.map { "generation \($0.generation) holds" }
        let remark =
            holds ?? "what the sinks have is not known, so every record will be sent again"
        if isDamaged.a { Console.line("head record A, byte 4096: damaged; \(remark)") }
        if isDamaged.b { Console.line("head record B, byte 8192: damaged; \(remark)") }
    }

    private static func kept(_ check: RingCheck) -> String {
        guard let oldest = check.oldest, let newest = check.newest else { return "kept: no record" }
        return "kept: \(RingText.count(check.wholeCount, "record")), sequences "
            + "\(oldest.sequence) to \(newest.sequence)"
    }

    private static func remedy(_ verdict: Verdict) -> String {
        switch verdict.frame {
        case .refused:
            return "save the records with `pulsegate ring export FILE`, then move the ring away; "
                + "a gateway begins a new one"
        case .writeHeader:
            return "stop the gateway and say `pulsegate ring fsck --repair`, which writes the "
                + "header anew; a gateway does not start with a damaged one"
        case .extend(_, let end):
            return "stop the gateway and say `pulsegate ring fsck --repair`, which fills the file "
                + "up to \(end) bytes; what was cut off is lost, and a gateway counts and says it"
        case .nothing: break
        }
        return "stop the gateway and say `pulsegate ring fsck --repair`, which zeroes what cannot "
            + "be read; a gateway passes over it all the same"
    }

    private static func text(_ doubt: RingFrameDoubt) -> String {
        switch doubt {
        case .nothingToKeep: "there is no whole record and no whole head record to keep"
        case .misplacedRecords(let count):
            "\(RingText.count(count, "whole record")) would lie in the wrong place in a ring of "
                + "this length"
        case .newerRecords(let count):
            "a newer pulsegate wrote \(RingText.count(count, "record")) of it; use that version"
        case .lengthOfNoRing: "no ring has this length, and the header does not say another"
        case .bytesBehindTheEnd: "there are bytes behind the end that the header names"
        }
    }

    private static func repair(
        _ reader: inout RingReader, _ verdict: Verdict
    ) throws(SetupError) -> Int32 {
        let path = reader.path
        var verdict = verdict
        if verdict.frame != .nothing {
            try mend(&reader, verdict.frame)
            verdict = try look(at: &reader)
            if verdict.isClean {
                Console.line("clean")
                return ExitStatus.success
            }
        }
        let survey = verdict.survey
        let repair = try SetupError.wrap { () throws(SystemError) in
            try reader.repair(survey, sideFile: try sideFile(of: path))
        }
        if let sideFile = repair.sideFile {
            Console.line(
                "repaired: \(RingText.count(repair.slotsZeroed, "slot")) zeroed, "
                    + "\(RingText.count(UInt64(repair.headsWritten), "head record")) written; "
                    + "what was there is in \(sideFile)")
        }
        let after = try look(at: &reader)
        Console.line(after.isClean ? "clean" : "remedy: \(remedy(after))")
        return after.isClean ? ExitStatus.success : ExitStatus.failure
    }

    /// The header and the length first: without them no slot has a place.
    private static func mend(
        _ reader: inout RingReader, _ frame: RingFrameRepair
    ) throws(SetupError) {
        let path = reader.path
        let saved = try SetupError.wrap { () throws(SystemError) in
            let name = try sideFile(of: path)
            try reader.mend(frame, sideFile: name)
            return name
        }
        let done =
            frame == .writeHeader
            ? "header written" : "file filled up to \(reader.geometry.fileBytes) bytes"
        Console.line("repaired: \(done); what was there is in \(saved)")
    }

    /// `ring.repair-1`, or the first number that is free.
    private static func sideFile(of path: String) throws(SystemError) -> String {
        for number in 1...9_999 {
            let name = "\(path).repair-\(number)"
            if !Path.exists(name) { return name }
        }
        return "\(path).repair-10000"
    }
}

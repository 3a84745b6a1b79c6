import Bytes
import Foundation
import TestSupport
import Testing

/// The scanner beside Foundation's parser: the same texts, the same verdicts.
struct JSONAgreementTests {
    private static let seeds = [
        #"{"FailedRecordCount":1,"Records":[{"SequenceNumber":"49","ShardId":"shardId-0"},"#
            + #"{"ErrorCode":"InternalFailure","ErrorMessage":"x\"y\\z\n"}]}"#,
        #"{"took":30,"errors":true,"items":[{"create":{"_id":"gym-7:b1:1","status":409}}]}"#,
        #"[1,-2.5,3e10,-0.1E-2,0,true,false,null,"",{},[]," é ♥ 𝄞 \u00e9 \uD834\uDD1E"]"#,
        " \t\r\n[ { \"a\" : [ 1 , 2 ] } , \"\\b\\f\\/\" ] \n",
        "12.5e-3", "\"text\"", "true",
    ]
    private static let letters = [UInt8](#"{}[]",:\/ue0123456789.-+Etrfalsn \#t\#n"'aD"#.utf8)

    /// Changes, removes, inserts or repeats one to three bytes.
    private func mutated(_ text: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &random)
            let letter = Self.letters.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<6, using: &random) {
            case 0: text[place] = letter
            case 1: text.insert(letter, at: place)
            case 2: text.remove(at: place)
            case 3: text.removeLast(text.count - place)
            case 4: text.insert(text[place], at: place)
            default: text[place] = UInt8.random(in: 1...255, using: &random)
            }
        }
        return text
    }

    private func foundationAccepts(_ text: [UInt8]) -> Bool {
        do {
            _ = try JSONSerialization.jsonObject(with: Data(text), options: [.fragmentsAllowed])
            return true
        } catch {
            return false
        }
    }

    private func scannerAccepts(_ text: [UInt8]) -> Bool {
        if case .success = tokens(text) { true } else { false }
    }

    /// Half of a surrogate pair escaped alone: the scanner leaves it to its reader (RFC 8259
    /// section 8.2 calls the behaviour unpredictable), Foundation refuses it.
    private func hasLoneSurrogate(_ text: [UInt8]) -> Bool {
        var index = 0
        var highWaits = false
        while index < text.count {
            let isEscape = text[index] == UInt8(ascii: "\\") && index + 1 < text.count
            guard isEscape, text[index + 1] == UInt8(ascii: "u"), index + 6 <= text.count else {
                if highWaits { return true }
                index += isEscape ? 2 : 1
                continue
            }
            let digits = String(decoding: text[index + 2..<index + 6], as: UTF8.self)
            let unit = UInt16(digits, radix: 16) ?? 0
            if highWaits != UTF16.isTrailSurrogate(unit) { return true }
            highWaits = UTF16.isLeadSurrogate(unit)
            index += 6
        }
        return highWaits
    }

    /// A number that no double holds: the scanner gives its digits to its reader, Foundation
    /// refuses it.
    private func hasNumberBeyondDouble(_ text: [UInt8]) -> Bool {
        var scanner = JSONScanner(text.span)
        do throws(JSONError) {
            while true {
                switch try scanner.next() {
                case .number(let range):
                    let digits = String(decoding: text[range], as: UTF8.self)
                    if Double(digits)?.isInfinite ?? false { return true }
                case .end: return false
                default: continue
                }
            }
        } catch {
            return false
        }
    }

    /// The text without commas directly before a closing bracket.
    private func withoutTrailingCommas(_ text: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var inString = false
        for (index, byte) in text.enumerated() {
            let escaped = inString && kept.last == UInt8(ascii: "\\") && isEscaped(kept)
            if byte == UInt8(ascii: "\""), !escaped { inString.toggle() }
            let next = text[(index + 1)...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let closes = next == UInt8(ascii: "]") || next == UInt8(ascii: "}")
            if inString || byte != UInt8(ascii: ",") || !closes { kept.append(byte) }
        }
        return kept
    }

    /// An odd number of backslashes stands at the end.
    private func isEscaped(_ text: [UInt8]) -> Bool {
        text.reversed().prefix { $0 == UInt8(ascii: "\\") }.count % 2 == 1
    }

    @Test func mutatedTextsAreJudgedAsByFoundation() {
        var random = SeededRandom()
        var verdicts: [Verdict: Int] = [:]
        for round in 0..<30_000 {
            let seed = Self.seeds[round % Self.seeds.count]
            let text = mutated([UInt8](seed.utf8), &random)
            let verdict = verdict(of: text)
            verdicts[verdict, default: 0] += 1
            if verdict == .unexplained {
                let shown = String(decoding: text, as: UTF8.self)
                Issue.record("\(shown.debugDescription), seed \(random.seed)")
            }
        }
        // The fuzz must reach both sides.
        #expect(verdicts[.bothAccept, default: 0] > 1_000)
        #expect(verdicts[.bothRefuse, default: 0] > 1_000)
    }

    /// How the two agree. One more difference does not show in a verdict: of a key that occurs
    /// twice Foundation keeps one value, and the scanner gives both.
    private enum Verdict {
        case bothAccept, bothRefuse
        /// Bytes in strings that are not UTF-8: the scanner compares them and does not mind.
        case notUTF8
        /// Half a surrogate pair: the scanner does not mind.
        case loneSurrogate
        /// 1e400: the scanner does not mind.
        case numberBeyondDouble
        /// `[1,]` and `{"a":1,}`: Foundation does not mind, RFC 8259 does.
        case trailingComma
        case unexplained
    }

    private func verdict(of text: [UInt8]) -> Verdict {
        switch (scannerAccepts(text), foundationAccepts(text)) {
        case (true, true): .bothAccept
        case (false, false): .bothRefuse
        case (true, false):
            if String(validating: text, as: UTF8.self) == nil {
                .notUTF8
            } else if hasLoneSurrogate(text) {
                .loneSurrogate
            } else if hasNumberBeyondDouble(text) {
                .numberBeyondDouble
            } else {
                .unexplained
            }
        case (false, true):
            scannerAccepts(withoutTrailingCommas(text)) ? .trailingComma : .unexplained
        }
    }

    @Test(arguments: JSONTable.valid)
    func foundationAcceptsTheValidTable(_ text: String, _ count: Int) {
        let bytes = [UInt8](text.utf8)
        let differs = hasLoneSurrogate(bytes) || hasNumberBeyondDouble(bytes)
        #expect(foundationAccepts(bytes) == !differs)
    }

    @Test(arguments: JSONTable.invalid)
    func foundationRefusesTheInvalidTable(_ known: JSONTable.Invalid) {
        let bytes = [UInt8](known.text.utf8)
        // Foundation passes over a byte order mark and a trailing comma; the RFC allows a reader
        // the first and not the second (sections 8.1 and 4).
        let isLax = withoutTrailingCommas(bytes) != bytes || bytes.starts(with: [0xEF, 0xBB, 0xBF])
        if !isLax { #expect(!foundationAccepts(bytes)) }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededRandom()
        var accepted = 0
        for _ in 0..<100_000 {
            let length = Int.random(in: 0...12, using: &random)
            var text = random.bytes(length)
            if Bool.random(using: &random) {
                text = text.map { Self.letters[Int($0) % Self.letters.count] }
            }
            if scannerAccepts(text) { accepted += 1 }
        }
        #expect(accepted > 100, "the fuzz must reach the accepting path, seed \(random.seed)")
    }

    /// An error leaves the scanner where it is: asking again answers or throws, and ends.
    @Test func scannerThatIsAskedOnAfterAnErrorNeverTraps() {
        var random = SeededRandom()
        for round in 0..<3_000 {
            let seed = Self.seeds[round % Self.seeds.count]
            let text = mutated([UInt8](seed.utf8), &random)
            var scanner = JSONScanner(text.span)
            for _ in 0..<text.count + 2 {
                do throws(JSONError) {
                    if try scanner.next() == .end { break }
                } catch {
                    if error.offset > text.count { Issue.record("\(text), seed \(random.seed)") }
                }
            }
        }
    }
}

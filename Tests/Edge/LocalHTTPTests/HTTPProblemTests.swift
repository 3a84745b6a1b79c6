import LocalHTTP
import Testing

struct HTTPProblemTests {
    @Test func aProblemIsAnObjectOfJSON() {
        let problem = HTTPProblem(.unprocessable, "above \"300\"", pointer: "/heart_rate")
        #expect(
            problem.text == #"{"type":"about:blank","title":"Unprocessable Content","status":422,"#
                + #""detail":"above \"300\"","pointer":"/heart_rate"}"# + "\n")
    }

    @Test func whatAClientSentIsCutAndEscaped() {
        let problem = HTTPProblem(.badRequest, "\u{1}" + String(repeating: "é", count: 400))
        #expect(problem.text.utf8.count < 700)
        #expect(problem.text.contains(#""detail":"\u0001é"#))
    }
}

import LineEditor
import Testing

/// The editor itself is tried at a terminal, by Tests/EndToEnd/test_console.py.
@Suite struct LineEditorTests {
    @Test func editorOpensAndCloses() {
        for _ in 0..<3 {
            let editor = LineEditor(words: ["help"], prompts: ["> "], tick: { "" })
            #expect(editor != nil)
        }
    }
}

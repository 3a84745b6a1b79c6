extension StringProtocol {
    /// Whether `text` occurs in it, byte for byte. The standard library's own search brings its
    /// regular expressions with it, a megabyte of the binary.
    public func contains(text: some StringProtocol) -> Bool {
        let bytes = Array(utf8)
        let wanted = Array(text.utf8)
        guard wanted.count <= bytes.count else { return false }
        return (0...bytes.count - wanted.count).contains { start in
            bytes[start..<start + wanted.count].elementsEqual(wanted)
        }
    }
}

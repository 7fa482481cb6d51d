using System.Buffers.Text;

namespace Kv.Server.Gateway;

/// <summary>Base64 as Go's reader of protobuf's JSON takes it: the alphabet of URLs or the other one, but not both in
/// one text; padded, or without any padding; line ends anywhere.</summary>
internal static class AnyBase64
{
    public static bool TryDecode(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        bytes = [];
        bool isForUrls = text.IndexOfAny((byte)'-', (byte)'_') >= 0;
        if (isForUrls && text.IndexOfAny((byte)'+', (byte)'/') >= 0)
            return false;

        byte[] standard = new byte[text.Length + 3];
        int length = 0;
        foreach (byte letter in text)
        {
            if (letter is (byte)'\r' or (byte)'\n')
                continue;
            if (letter is (byte)' ' or (byte)'\t')
                return false; // which .NET would pass over
            standard[length++] = letter switch
            {
                (byte)'-' => (byte)'+',
                (byte)'_' => (byte)'/',
                _ => letter,
            };
        }

        bool isPadded = text.Length % 4 == 0;
        if (!isPadded && standard.AsSpan(0, length).Contains((byte)'='))
            return false;
        while (!isPadded && length % 4 != 0)
            standard[length++] = (byte)'=';

        // Bits of the last letter that belong to no byte do not matter to Go; .NET wants them to be zero.
        ClearSpareBits(standard.AsSpan(0, length));
        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(length)];
        if (Base64.DecodeFromUtf8(standard.AsSpan(0, length), decoded, out int consumed, out int written)
                != System.Buffers.OperationStatus.Done
            || consumed != length)
        {
            return false;
        }

        bytes = decoded[..written];
        return true;
    }

    private static void ClearSpareBits(Span<byte> text)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        int padding = text.Length - text.TrimEnd((byte)'=').Length;
        if (padding is 0 or > 2 || text.Length <= padding)
            return;
        ref byte last = ref text[text.Length - padding - 1];
        int value = Alphabet.IndexOf((char)last, StringComparison.Ordinal);
        if (value >= 0)
            last = (byte)Alphabet[value & ~((1 << (2 * padding)) - 1)];
    }
}

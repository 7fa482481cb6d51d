using System.Globalization;
using System.Text;
using Google.Protobuf;

namespace Kv.Benchmarks.Loads;

/// <summary>The keys of a run: numbers of fixed width behind a prefix. Values are random letters, made once.</summary>
public sealed class KeySpace(LoadOptions options)
{
    private const string Prefix = "bench/";

    private readonly ByteString _value = Letters(options.ValueBytes, options.Seed);
    private readonly string _format = "d" + Math.Max(1, options.KeyBytes - Prefix.Length);
    private long _next;

    public ByteString Value => _value;

    /// <summary>Where all keys lie.</summary>
    public static (ByteString Start, ByteString End) All =>
        (ByteString.CopyFromUtf8(Prefix), ByteString.CopyFromUtf8("bench0"));

    public ByteString Key(long number) =>
        ByteString.CopyFrom(Prefix + number.ToString(_format, CultureInfo.InvariantCulture), Encoding.ASCII);

    /// <summary>The number of the next key: the one after the last, or any.</summary>
    public long Next(Random random) =>
        options.Sequential ? (Interlocked.Increment(ref _next) - 1) % options.Keys : random.Next(options.Keys);

    private static ByteString Letters(int length, int seed)
    {
        var random = new Random(seed);
        byte[] letters = new byte[length];
        for (int index = 0; index < length; index++)
            letters[index] = (byte)('a' + random.Next(26));
        return UnsafeByteOperations.UnsafeWrap(letters);
    }
}

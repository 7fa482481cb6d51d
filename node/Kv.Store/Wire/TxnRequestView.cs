namespace Kv.Store;

/// <summary>An encoded <c>TxnRequest</c>, read in place: nothing is decoded before it is looked at.</summary>
public readonly ref struct TxnRequestView(ReadOnlySpan<byte> message)
{
    private const int CompareField = 1;
    private const int SuccessField = 2;
    private const int FailureField = 3;

    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>Each a <see cref="CompareView"/>.</summary>
    public MessageList Compares => new(_message, CompareField);

    /// <summary>Each a <see cref="RequestOpView"/>.</summary>
    public MessageList Success => new(_message, SuccessField);

    /// <summary>Each a <see cref="RequestOpView"/>.</summary>
    public MessageList Failure => new(_message, FailureField);

    /// <summary>The operations to do when the comparisons came out so.</summary>
    public MessageList Branch(bool succeeded) => succeeded ? Success : Failure;

    /// <summary>Counts comparisons and operations of this level; false if the message is malformed.</summary>
    public bool TryCount(out int compares, out int success, out int failure)
    {
        compares = 0;
        success = 0;
        failure = 0;
        var reader = new ProtoReader(_message);
        while (reader.MoveNext())
        {
            compares += reader.Field == CompareField ? 1 : 0;
            success += reader.Field == SuccessField ? 1 : 0;
            failure += reader.Field == FailureField ? 1 : 0;
            if (reader.Field <= FailureField)
                reader.Span();
            else
                reader.Skip();
        }

        return !reader.IsMalformed;
    }
}

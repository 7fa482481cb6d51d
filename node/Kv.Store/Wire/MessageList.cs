namespace Kv.Store;

/// <summary>The messages of one repeated field, read in place; ends early at what is malformed, which a check of the
/// whole has to find.</summary>
public ref struct MessageList
{
    private readonly int _field;
    private ProtoReader _reader;

    internal MessageList(ReadOnlySpan<byte> message, int field)
    {
        _reader = new ProtoReader(message);
        _field = field;
        Current = default;
    }

    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly MessageList GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_reader.MoveNext())
        {
            if (_reader.Field == _field)
            {
                Current = _reader.Span();
                return !_reader.IsMalformed;
            }

            _reader.Skip();
        }

        return false;
    }
}

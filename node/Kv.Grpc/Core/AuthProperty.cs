using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Grpc.Core;

public class AuthProperty
{
    private readonly byte[] _value;
    private string? _text;

    private AuthProperty(string name, byte[] value)
    {
        Name = name;
        _value = value;
    }

    public string Name { get; }

    public string Value => _text ??= Encoding.UTF8.GetString(_value);

    [SuppressMessage("Performance", "CA1819:Properties should not return arrays",
        Justification = "The public shape of gRPC for .NET.")]
    public byte[] ValueBytes => [.. _value];

    public static AuthProperty Create(string name, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        return new AuthProperty(name, [.. value]);
    }
}

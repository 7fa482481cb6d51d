Console.WriteLine("kv-node");

// The binding of both sides: NetTcpBinding without security, with room for 1 MiB in a message.
using System;
using System.ServiceModel;

namespace Interop
{
    public static class Binding
    {
        public static NetTcpBinding Make()
        {
            var binding = new NetTcpBinding(SecurityMode.None);
            binding.MaxReceivedMessageSize = 4 << 20;
            binding.MaxBufferSize = 4 << 20;
            binding.ReaderQuotas.MaxArrayLength = 4 << 20;
            binding.SendTimeout = binding.OpenTimeout = TimeSpan.FromSeconds(30);
            return binding;
        }
    }
}

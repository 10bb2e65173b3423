#include "DiffusionModel.h"

#include "DiffusionLibrary.h"

FString UDiffusionModel::GetInfo() const
{
	return Pipeline.IsValid() ? DiffusionLibrary::FromUtf8(Pipeline->Value.info_json()) : FString();
}

#include "store.h"

#include <utility>

std::shared_ptr<const File> Store::add(File file) {
  file.id = std::to_string(++lastId_);
  used_ += file.bytes.size();
  files_.push_back(std::make_shared<const File>(std::move(file)));
  while (used_ > room_ && files_.size() > 1) {
    used_ -= files_.front()->bytes.size();
    files_.pop_front();
  }
  return files_.back();
}

std::shared_ptr<const File> Store::find(const std::string& id) const {
  for (const auto& file : files_) {
    if (file->id == id) return file;
  }
  return nullptr;
}
